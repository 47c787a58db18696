"""Reports, heartbeats and classifications per CPU second, with SQL statements per call, at 5 and at 5,000 known machines;
and the longest transaction of a tick with 1,000 machines at work.

`make bench` prints a table; exit code 1 when a budget is exceeded. CPU seconds of this process, not
wall time: the machine is shared.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import delete, event, insert, update

from oci.adapters.fake import FakeDhcp, FakeHost, FakeImages, FakePower, FakePuppetCa
from oci.adapters.files import roles as role_files
from oci.adapters.files.secrets import FileSealer
from oci.adapters.issuer import X509Issuer
from oci.app import APPLIANCE, Appliance, machines, puppet
from oci.config import configure
from oci.context import Actor, Outside
from oci.db import tables
from oci.db.session import engine, sessions
from oci.records.path.boot_session import token_hash
from oci.services.activity import tick
from oci.services.path import puppet as puppet_socket

REPORT_MS, ENC_MS, GROWTH = 15.0, 10.0, 1.2
TRANSACTION_MS = 50.0
PAYLOAD = 60_000


@dataclass
class Cost:
    """CPU milliseconds and SQL statements for one call."""

    ms: float
    statements: float


def mac(number: int) -> str:
    return "52:54:%02x:%02x:%02x:01" % (number >> 16 & 255, number >> 8 & 255, number & 255)


def report(number: int) -> dict[str, bytes]:
    """A report of at least PAYLOAD bytes such as a server with 24 disks, 8 NICs and 32 DIMMs sends."""
    nics = [
        {"ifname": f"eth{i}", "address": mac(number)[:-2] + f"{i + 1:02x}", "link_type": "ether", "addr_info": []}
        for i in range(8)
    ]
    disks = [
        {
            "name": f"sd{chr(97 + i)}",
            "type": "disk",
            "size": 1 << 40,
            "serial": f"S{number}D{i}",
            "rota": False,
            "wwn": f"0x5000c500{number:06x}{i:02x}",
            "rm": False,
            "ro": False,
            "model": "BENCH SSD",
            "tran": "sas",
            "children": [{"name": f"sd{chr(97 + i)}{p}", "type": "part", "size": 1 << 30} for p in range(4)],
        }
        for i in range(24)
    ]
    dmi = [
        "System Information",
        "\tManufacturer: Bench",
        "\tProduct Name: B1",
        f"\tSerial Number: SER{number}",
        f"\tUUID: 4c4c4544-0042-3510-8052-{number:012x}",
        "",
    ]
    for slot in range(32):
        dmi += [
            "Handle 0x1100, DMI type 17, 84 bytes",
            "Memory Device",
            "\tSize: 32 GB",
            f"\tLocator: A{slot}",
            "\tType: DDR4",
            "\tSpeed: 3200 MT/s",
            "\tManufacturer: Bench",
            f"\tSerial Number: {slot:08x}",
            "",
        ]
    parts = {
        "ip": json.dumps(nics).encode(),
        "lsblk": json.dumps({"blockdevices": disks}).encode(),
        "dmidecode": "\n".join(dmi).encode(),
        "firmware": b"efi\n",
        "memory": b"MemTotal: 1056000000 kB\n",
    }
    lacking = PAYLOAD - sum(map(len, parts.values()))
    line = b"0000:3b:00.0 Ethernet controller [0200]: Bench Corporation Device [8086:1572] (rev 02)\n"
    parts["pci"] = line * (max(0, lacking) // len(line) + 1)
    return parts


def build(folder: Path, known: int) -> tuple[Appliance, dict[str, int]]:
    """An appliance with `known` machines, one of them assigned; and a counter of SQL statements."""
    config = configure({"state_dir": str(folder), "run_dir": str(folder), "puppet_server": "puppet.bench"})
    made = engine(config.database_url)
    tables.Table.metadata.create_all(made)
    counter = {"n": 0}
    event.listen(made, "before_cursor_execute", lambda *_: counter.__setitem__("n", counter["n"] + 1))
    with made.begin() as db:
        rows = [
            dict(
                id=i + 1,
                name=f"machine-{i + 1}",
                state="discovered",
                state_since=1.0,
                convergence="never",
                uuid=f"4c4c4544-0042-3510-8052-{i:012x}",
                reason="",
                serial=f"SER{i}",
                vendor="Bench",
                model="B1",
                firmware="efi",
                memory_bytes=1,
                cores=1,
                disk_bytes=1,
                inventory={"padding": "x" * 4000},
                report_digest="",
                created=1.0,
                version=1,
            )
            for i in range(known)
        ]
        db.execute(insert(tables.Machine), rows)
        db.execute(insert(tables.Pulse), [dict(machine_id=i + 1, power="on", presence="live") for i in range(known)])
        db.execute(insert(tables.Bmc), [dict(machine_id=i + 1) for i in range(known)])
        db.execute(insert(tables.Nic), [dict(mac=mac(i), machine_id=i + 1, name="eth0") for i in range(known)])
        db.execute(
            insert(tables.Network),
            [dict(id=1, name="p", purpose="provisioning", cidr="10.0.0.0/16")],
        )
        db.execute(insert(tables.Range), [dict(network_id=1, first="10.0.0.10", last="10.0.255.0")])
        db.execute(insert(tables.Cluster), [dict(id=1, name="c", domain="bench", network_id=1, created=1.0)])
        role = next(iter(role_files.load()))
        for i in range(5):
            db.execute(
                insert(tables.Assignment),
                [dict(machine_id=i + 1, cluster_id=1, role=role, number=i + 1, hostname=f"h{i}", fqdn=f"h{i}.bench")],
            )
            db.execute(insert(tables.Address), [dict(network_id=1, ip=f"10.0.0.{i + 10}", machine_id=i + 1)])
    outside = Outside(
        FakePower(),
        FakeDhcp(),
        FakePuppetCa(),
        FakeImages(),
        FileSealer(folder / "key", make=True),
        X509Issuer(),
        lambda _job: None,
        role_files.load(),
        FakeHost(),
        ca_pem=b"PEM\n",
    )
    return Appliance(config, outside, sessions(made)), counter


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def tokens(made: Appliance, numbers: range) -> None:
    """One live boot for each of `numbers`, with the token `token-N`."""
    with made.make_session() as db:
        db.execute(
            insert(tables.Boot),
            [
                dict(
                    id=f"boot{n}",
                    mac=mac(n),
                    machine_id=None,
                    asked=1.0,
                    fetched=2.0,
                    token_hash=token_hash(f"token-{n}"),
                    source="",
                    replaced=False,
                    facts={},
                )
                for n in numbers
            ],
        )
        db.commit()


BOUNDARY = "bench-boundary"


def encode(payload: dict[str, bytes], salt: str = "") -> bytes:
    """The report as the agent's curl uploads it: multipart/form-data, made outside the measurement."""
    parts = {**payload, "cmdline": salt.encode()} if salt else payload
    out = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n\r\n%b\r\n'
        % (BOUNDARY.encode(), n.encode(), n.encode(), body)
        for n, body in parts.items()
    ]
    out.append(
        b'--%b\r\nContent-Disposition: form-data; name="hash"\r\n\r\n%b\r\n--%b--\r\n'
        % (BOUNDARY.encode(), b"ab" * 32, BOUNDARY.encode())
    )
    return b"".join(out)


def send(app: Flask, number: int, body: bytes) -> None:
    answer = app.test_client().post(
        "/agent/report",
        data=body,
        headers={"Authorization": f"Bearer token-{number}"},
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    )
    assert answer.status_code == 200, answer.data


class Bench:
    """One appliance with `known` machines, ready to be measured in rounds."""

    def __init__(self, folder: Path, known: int, distinct: int) -> None:
        made, self.counter = build(folder, known)
        tokens(made, range(known + distinct + 10))
        self.web, self.socket = machines(made), puppet(made)
        self.same = encode(report(0))
        self.changed = iter([encode(report(0), f"change {n}") for n in range(distinct + 10)])
        self.fresh = iter([(known + 5 + n, encode(report(known + 5 + n))) for n in range(distinct + 5)])

    def beat(self) -> None:
        """The machine of `same` says that it waits, as it did before."""
        answer = self.web.test_client().post(
            "/agent/heartbeat", data={"hash": "ab" * 32}, headers={"Authorization": "Bearer token-0"}
        )
        assert answer.status_code == 200 and b"wait" in answer.data, answer.data

    def ask(self) -> None:
        assert self.socket.test_client().get("/enc/h0.bench").status_code == 200

    def calls(self) -> dict[str, Callable[[], None]]:
        """What is measured, by name."""
        return {
            "same report again": lambda: send(self.web, 0, self.same),
            "heartbeat": self.beat,
            "changed report": lambda: send(self.web, 0, next(self.changed)),
            "new machine": lambda: send(self.web, *next(self.fresh)),
            "classification": self.ask,
        }


def measure(benches: list[Bench], distinct: int) -> list[dict[str, Cost]]:
    """The costs of every bench, in rounds that alternate: what disturbs the machine disturbs all alike."""
    rounds, found = 10, []
    spent = [{name: [0.0, 0] for name in bench.calls()} for bench in benches]
    for bench in benches:
        for call in bench.calls().values():
            call()  # the first call compiles statements
    for _round in range(rounds):
        for bench, sums in zip(benches, spent, strict=True):
            for name, call in bench.calls().items():
                before, statements = cpu(), bench.counter["n"]
                for _call in range(distinct // rounds):
                    call()
                sums[name][0] += cpu() - before
                sums[name][1] += bench.counter["n"] - statements
    calls = distinct // rounds * rounds
    for sums in spent:
        found.append({name: Cost(1000 * seconds / calls, count / calls) for name, (seconds, count) in sums.items()})
    return found


@dataclass
class Round:
    """One tick: its statements, and CPU milliseconds of its longest transaction."""

    statements: int
    transactions: int
    longest_ms: float


def rounds(folder: Path, busy: int) -> dict[str, Round]:
    """Ticks with `busy` machines at work: when all is well, and when all of them are overdue at once."""
    made, _counter = build(folder, busy)
    now = time.time()
    with made.make_session() as db:
        db.execute(update(tables.Machine).values(state="installing", state_since=now, deadline=now + 3600))
        db.execute(update(tables.Pulse).values(seen=now))
        work = dict(kind="install", attempt=1, started=now, claimed=now, seen=now, log="", left="", facts={})
        db.execute(insert(tables.Work), [dict(machine_id=n + 1, **work) for n in range(busy)])
        db.commit()
    found = {"all is well": one_round(made)}
    with made.make_session() as db:
        db.execute(update(tables.Machine).values(deadline=now - 1))
        db.commit()
    return found | {"all are overdue": one_round(made)}


def one_round(made: Appliance) -> Round:
    """Do one tick and watch its transactions."""
    bind, began, spent, statements = made.make_session.kw["bind"], [0.0], [0.0], [0]

    def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements[0] += 1
        if statement.startswith("BEGIN"):
            began[0] = cpu()

    def ended(_connection: Any) -> None:
        spent.append(cpu() - began[0])

    event.listen(bind, "before_cursor_execute", executed)
    for end in ("commit", "rollback"):
        event.listen(bind, end, ended)
    tick.machines(made.ctx(APPLIANCE))
    event.remove(bind, "before_cursor_execute", executed)
    for end in ("commit", "rollback"):
        event.remove(bind, end, ended)
    return Round(statements[0], len(spent) - 1, 1000 * max(spent))


# -- a classification in a large cluster

FLEETS = (1_000, 10_000)


def join(made: Appliance, members: int) -> None:
    """Make the first `members` machines members of the cluster, with an address each."""
    role = next(iter(role_files.load()))
    with made.make_session.kw["bind"].begin() as db:
        db.execute(delete(tables.Assignment))
        db.execute(delete(tables.Address))
        rows = range(members)
        db.execute(
            insert(tables.Assignment),
            [
                dict(machine_id=i + 1, cluster_id=1, role=role, number=i + 1, hostname=f"h{i}", fqdn=f"h{i}.bench")
                for i in rows
            ],
        )
        ips = [f"10.0.{(i + 10) >> 8}.{(i + 10) & 255}" for i in rows]
        db.execute(insert(tables.Address), [dict(network_id=1, ip=ip, machine_id=i + 1) for i, ip in enumerate(ips)])


def classifications(calls: int = 200) -> int:
    """Print CPU milliseconds and statements of one classification in clusters of FLEETS machines; 1 when it grows."""
    who, found = Actor("puppet", "appliance"), []
    for members in FLEETS:
        with tempfile.TemporaryDirectory() as folder:
            made, counter = build(Path(folder), members)
            join(made, members)
            puppet_socket.classify(made.ctx(who), "h0.bench")  # the first one makes what is kept
            before, statements = cpu(), counter["n"]
            for number in range(calls):
                puppet_socket.classify(made.ctx(who), f"h{number}.bench")
            found.append(Cost(1000 * (cpu() - before) / calls, (counter["n"] - statements) / calls))
            print(f"classification among {members:6} {found[-1].ms:9.3f} ms, {found[-1].statements:4.1f} statements")
    ratio = found[-1].ms / found[0].ms
    print(f"growth from {FLEETS[0]} to {FLEETS[-1]}: {ratio:.2f}")
    return int(ratio > GROWTH)


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 when a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--distinct", type=int, default=1000)
    parser.add_argument("--known", type=int, default=5000)
    parser.add_argument("--busy", type=int, default=1000)
    parser.add_argument("--classifications", action="store_true", help="only those, in clusters of 1,000 and 10,000")
    options = parser.parse_args(argv)
    if options.classifications:
        return classifications()
    size = sum(map(len, report(0).values()))
    with tempfile.TemporaryDirectory() as small_dir, tempfile.TemporaryDirectory() as large_dir:
        benches = [Bench(Path(small_dir), 5, options.distinct), Bench(Path(large_dir), options.known, options.distinct)]
        few, many = measure(benches, options.distinct)
    print(f"report payload {size} bytes, {options.distinct} distinct machines")
    print(f"{'call':20} {'ms at 5':>9} {f'ms at {options.known}':>12} {'ratio':>6} {'per CPU s':>10} {'SQL':>6}")
    bad = 0
    for name, small in few.items():
        large, limit = many[name], ENC_MS if name == "classification" else REPORT_MS
        ratio = large.ms / small.ms
        over = large.ms > limit or ratio > GROWTH
        bad += over
        print(
            f"{name:20} {small.ms:9.2f} {large.ms:12.2f} {ratio:6.2f} {1000 / large.ms:10.0f} "
            f"{large.statements:6.1f}{'   OVER BUDGET' if over else ''}"
        )
    with tempfile.TemporaryDirectory() as folder:
        for name, seen in rounds(Path(folder), options.busy).items():
            over = seen.longest_ms > TRANSACTION_MS
            bad += over
            print(
                f"tick, {options.busy} at work, {name:15}: {seen.statements} SQL in {seen.transactions} transactions, the "
                f"longest {seen.longest_ms:.1f} CPU ms{'   OVER BUDGET' if over else ''}"
            )
    return 1 if bad + classifications() else 0


if __name__ == "__main__":
    sys.exit(main())
