"""One side of `beside.py`: the scenes of one source tree, in a process of its own that is told by lines what to do.

    python side.py TREE        reads {"do": NAME, ...} from standard input, writes one JSON object for each

It runs trees that know nothing of it. What it takes of a tree are that tree's own bench (`tests/bench/run.py`), its WSGI
applications and its tables; where those are called differently on the two sides, each is looked for.
Requests go to the WSGI application as a server gives them, so the cost of no test client is in what is measured.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import importlib.util
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

Environ = dict[str, Any]
HASH = "ab" * 32
WRITES = ("INSERT", "UPDATE", "DELETE")
REPORTED = {"reported": True, "reported_at": 1.0, "facts": {}}


def _bench(tree: Path) -> ModuleType:
    """The bench of `tree`, with the product of `tree` behind it."""
    sys.path[:0] = [str(tree)]
    spec = importlib.util.spec_from_file_location("oci_bench", tree / "tests" / "bench" / "run.py")
    assert spec is not None and spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = bench
    spec.loader.exec_module(bench)
    found = Path(importlib.import_module("oci").__file__ or "")
    assert tree in found.parents, f"{found} is not of {tree}"
    return bench


def _either(*names: str) -> ModuleType:
    """The first of these modules that the tree has."""
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):
            return importlib.import_module(name)
    raise ModuleNotFoundError(names[0])


def environ(path: str, method: str = "GET", token: str = "", kind: str = "", query: str = "") -> Environ:
    """What a server tells a WSGI application of a request; the body comes with each call."""
    told = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "bench",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "bench",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    return told | ({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}) | ({"CONTENT_TYPE": kind} if kind else {})


def ask(app: Any, request: Environ, body: bytes = b"") -> bytes:
    """The answer of `app`; fails when it is none with status 200."""
    status: list[str] = []
    told = request | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    chunks = app(told, lambda line, _headers, _error=None: status.append(line))
    try:
        answer = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    assert status[0].startswith("200"), (request["PATH_INFO"], status, answer[:300])
    return answer


def beat(number: int) -> Environ:
    """The heartbeat of the machine whose boot has the token `token-N`."""
    return environ("/agent/heartbeat", "POST", f"token-{number}", "application/x-www-form-urlencoded")


BEAT = f"hash={HASH}&uptime=61".encode()  # as the agent says it


class Scenes:
    """What is measured on one side. Whatever is used up by a call is made before, outside of the measurement."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.bench, self.folder = _bench(tree), folder
        self.tables: Any = importlib.import_module("oci.db.tables")
        self.statements = self.writes = 0
        self.calls: dict[str, Callable[[], object]] = {}
        self.now = time.time()

    def appliance(self, known: int) -> Any:
        """An appliance with `known` machines, whose statements are counted."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        made, _counter = self.bench.build(folder, known)
        importlib.import_module("sqlalchemy.event").listen(self.bind(made), "before_cursor_execute", self._count)
        return made

    @staticmethod
    def bind(made: Any) -> Any:
        return made.make_session.kw["bind"]

    def _count(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.statements += 1
        self.writes += statement.startswith(WRITES)

    # -- single requests

    def prepare_requests(self, known: int, distinct: int) -> None:
        """Heartbeats and reports among `known` machines; of what can be sent once there are `distinct`."""
        bench, made = self.bench, self.appliance(known)
        bench.tokens(made, range(known + distinct))
        web, kind = bench.machines(made), f"multipart/form-data; boundary={bench.BOUNDARY}"

        def sends(number: int, body: bytes) -> tuple[Environ, bytes]:
            return environ("/agent/report", "POST", f"token-{number}", kind), body

        same = sends(0, bench.encode(bench.report(0)))
        changed = iter([sends(1, bench.encode(bench.report(1), f"change {n}")) for n in range(distinct)])
        fresh = iter([sends(known + n, bench.encode(bench.report(known + n))) for n in range(distinct)])
        ask(web, *same)  # it is known now, and waits
        self.calls |= {
            "heartbeat": lambda: ask(web, beat(0), BEAT),
            "same report": lambda: ask(web, *same),
            "changed report": lambda: ask(web, *next(changed)),
            "new machine": lambda: ask(web, *next(fresh)),
        }

    def prepare_classification(self, members: int) -> None:
        """The classification of one member after another in a cluster of `members`."""
        made = self.appliance(members)
        self.join(made, members)
        socket, numbers = self.bench.puppet(made), iter(range(members))
        self.calls[f"classification among {members}"] = lambda: ask(socket, environ(f"/enc/h{next(numbers)}.bench"))

    def join(self, made: Any, members: int) -> None:
        """Make the first machines members of the cluster. Trees before the re-cut have no function for it."""
        if hasattr(self.bench, "join"):
            self.bench.join(made, members)
            return
        sql, tables = importlib.import_module("sqlalchemy"), self.tables
        role = next(iter(self.bench.role_files.load()))
        names = [dict(hostname=f"h{i}", fqdn=f"h{i}.bench") for i in range(members)]
        held = [dict(cluster_id=1, role=role, machine_id=i + 1, number=i + 1, **name) for i, name in enumerate(names)]
        ips = [f"10.0.{(i + 10) >> 8}.{(i + 10) & 255}" for i in range(members)]
        with self.bind(made).begin() as db:
            db.execute(sql.delete(tables.Assignment))
            db.execute(sql.delete(tables.Address))
            db.execute(sql.insert(tables.Assignment), held)
            db.execute(sql.insert(tables.Address), [dict(network_id=1, machine_id=i + 1, ip=ip) for i, ip in enumerate(ips)])

    def measure(self, what: str, calls: int) -> dict[str, float]:
        """CPU seconds, statements and writes of one call of `what`."""
        call, statements, writes = self.calls[what], self.statements, self.writes
        gc.collect()
        before = time.process_time()
        for _ in range(calls):
            call()
        seconds = time.process_time() - before
        return {
            "seconds": seconds / calls,
            "statements": (self.statements - statements) / calls,
            "writes": (self.writes - writes) / calls,
        }

    # -- what goes on by itself

    def _wait(self, made: Any, machines: int, since: Callable[[int], float], pace: int) -> None:
        """Let all machines wait in the live image. Before the re-cut all of it was in the machine's row."""
        sql, tables = importlib.import_module("sqlalchemy"), self.tables
        pulse = getattr(tables, "Pulse", None)
        self.bench.tokens(made, range(machines))
        seen = [
            dict(key=i + 1, boot=f"boot{i}", at=since(i), report=HASH, digest="cd" * 32, beat=pace) for i in range(machines)
        ]
        bound = {name: sql.bindparam(name) for name in seen[0]}
        waits = dict(seen=bound["at"], presence="live", power="on", boot_id=bound["boot"], report_hash=bound["report"])
        with self.bind(made).begin() as db:
            db.execute(
                sql.update(tables.Boot).values(machine_id=sql.cast(sql.func.substr(tables.Boot.id, 5), sql.Integer) + 1)
            )
            db.execute(sql.update(tables.Boot).values(facts=REPORTED))
            machine = sql.update(tables.Machine.__table__).where(tables.Machine.id == bound["key"])
            if pulse is None:
                db.execute(machine.values(report_digest=bound["digest"], **waits), seen)
                return
            db.execute(machine.values(report_digest=bound["digest"]), seen)
            row = sql.update(pulse.__table__).where(pulse.machine_id == bound["key"])
            db.execute(row.values(beat=bound["beat"], **waits), seen)

    def waiting(self, machines: int, seconds: int, settle: int) -> dict[str, float]:
        """CPU seconds for each second in which `machines` wait: heartbeats when they were told to, and the tick.

        The clock is the bench's own, so that nobody waits; `settle` seconds go before what is counted.
        """
        made = self.appliance(machines)
        outside = importlib.import_module("dataclasses").replace(made.outside, clock=lambda: self.now)
        made = importlib.import_module("dataclasses").replace(made, outside=outside)
        web, tick = self.bench.machines(made), self._rounds()
        pace, start = self._pace(machines), int(self.now)
        self._wait(made, machines, lambda i: start - i % pace - 1, pace)
        due: dict[int, list[int]] = {}
        for i in range(machines):
            due.setdefault(start + pace - i % pace - 1, []).append(i)
        spent, beats, counted = 0.0, 0, (0, 0)
        every = int(made.config.tick_seconds)
        for second in range(start, start + settle + seconds):
            if second == start + settle:
                spent, beats, counted = 0.0, 0, (self.statements, self.writes)
            self.now = float(second)
            speak = due.pop(second, [])
            requests, answer = [beat(i) for i in speak], b""
            before = time.process_time()
            for request in requests:
                answer = ask(web, request, BEAT)
            if second % every == 0:
                tick.machines(made.ctx(self.bench_actor()))
            spent += time.process_time() - before
            beats += len(speak)
            if speak:
                told = int(answer.rpartition(b"HEARTBEAT=")[2].strip().strip(b"'\""))
                due.setdefault(second + told, []).extend(speak)
        return {
            "seconds": spent / seconds,
            "beats": beats / seconds,
            "statements": (self.statements - counted[0]) / seconds,
            "writes": (self.writes - counted[1]) / seconds,
        }

    @staticmethod
    def _pace(machines: int) -> int:
        """How often each of `machines` speaks; before the re-cut that was a setting alone."""
        try:
            return int(importlib.import_module("oci.domain.path.pulse").pace(5, machines))
        except ModuleNotFoundError:
            return 5

    @staticmethod
    def bench_actor() -> Any:
        return importlib.import_module("oci.app").APPLIANCE

    def tick(self, busy: int, times: int = 3) -> dict[str, float]:
        """The longest transaction of a round of the worker while `busy` machines work, in CPU seconds.

        Of the two kinds of round the worse: all is well, or all are overdue at once. Of each the cheapest of some.
        """
        sql, tables, made = importlib.import_module("sqlalchemy"), self.tables, self.appliance(busy)
        spoke, rounds = getattr(tables, "Pulse", tables.Machine), []
        orders = getattr(tables, "Work", None) or tables.Install
        for overdue in [False, True] * times:
            now = time.time()
            work = dict(kind="install", attempt=1, started=now, claimed=now, seen=now, log="", left="", facts={})
            ends = now - 1 if overdue else now + 3600
            with self.bind(made).begin() as db:
                db.execute(sql.delete(orders))
                db.execute(sql.update(tables.Machine).values(state="installing", state_since=now, deadline=ends))
                db.execute(sql.update(spoke).values(seen=now))
                db.execute(sql.insert(orders), [dict(machine_id=n + 1, **work) for n in range(busy)])
            rounds.append(self._longest_transaction(made))
        return {"seconds": max(min(rounds[::2]), min(rounds[1::2]))}

    def _longest_transaction(self, made: Any) -> float:
        event, bind = importlib.import_module("sqlalchemy.event"), self.bind(made)
        began, spent = [time.process_time()], [0.0]

        def begins(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.startswith("BEGIN"):
                began[0] = time.process_time()

        def ends(_connection: Any) -> None:
            spent.append(time.process_time() - began[0])

        heard = (("before_cursor_execute", begins), ("commit", ends), ("rollback", ends))
        for name, hears in heard:
            event.listen(bind, name, hears)
        self._rounds().machines(made.ctx(self.bench_actor()))
        for name, hears in heard:
            event.remove(bind, name, hears)
        return max(spent)

    @staticmethod
    def _rounds() -> ModuleType:
        return _either("oci.services.activity.tick", "oci.services.tick")

    # -- memory

    def memory(self, machines: int, listener: str) -> dict[str, float]:
        """Bytes that a web worker of `listener` keeps after it did what it does, with `machines` known.

        The database is made by another process, so that what that takes is not in it.
        """
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        child = os.fork()
        if child == 0:
            made, _counter = self.bench.build(folder, machines)
            self.join(made, machines)
            self._wait(made, machines, lambda _i: time.time(), self._pace(machines))
            self._person(made)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        assert status == 0, "the database could not be made"
        spare, _counter = self.bench.build(Path(tempfile.mkdtemp(dir=self.folder)), 5)
        session = _either("oci.db.session")
        opened = session.sessions(session.engine(f"sqlite:///{folder / Path(self.bind(spare).url.database).name}"))
        made = type(spare)(spare.config, spare.outside, opened)
        app = getattr(importlib.import_module("oci.app"), listener)(made)
        for request, body in self._work(listener, machines):
            ask(app, request, body)
        gc.collect()
        return {"bytes": _resident()}

    def _person(self, made: Any) -> None:
        sql, tables = importlib.import_module("sqlalchemy"), self.tables
        with self.bind(made).begin() as db:
            db.execute(
                sql.insert(tables.Person),
                [dict(id=1, name="p", password_hash="", level="viewer", disabled=False, created=1.0)],
            )
            token = hashlib.sha256(b"person").hexdigest()
            db.execute(sql.insert(tables.Token), [dict(person_id=1, name="t", hash=token, created=1.0)])

    @staticmethod
    def _work(listener: str, machines: int) -> Iterator[tuple[Environ, bytes]]:
        """Requests that one worker answers: the same number, spread over all machines."""
        numbers = [n * machines // 500 for n in range(500)]
        if listener == "machines":
            yield from ((beat(n), BEAT) for n in numbers)
        elif listener == "puppet":
            yield from ((environ(f"/enc/h{n}.bench"), b"") for n in numbers)
        else:
            pages = [f"limit=200&offset={n}" for n in numbers[::10]]
            yield from ((environ("/v1/machines", token="person", query=page), b"") for page in pages)
            yield from ((environ(f"/v1/machines/h{n}", token="person"), b"") for n in numbers[::10])


def _resident() -> int:
    """Bytes of this process that are in memory."""
    words = Path("/proc/self/statm").read_text().split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Do what is asked, line by line, until there is no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a tree prints is no answer
    with tempfile.TemporaryDirectory() as folder:
        scenes = Scenes(Path(sys.argv[1]).resolve(), Path(folder))
        for line in sys.stdin:
            asked = json.loads(line)
            answers.write(json.dumps(getattr(scenes, asked.pop("do"))(**asked) or {}) + "\n")
            answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
