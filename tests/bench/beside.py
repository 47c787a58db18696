"""What the appliance costs now, side by side with an earlier commit: CPU seconds, statements, bytes and their ratios.

    python tests/bench/beside.py [COMMIT]

The earlier commit (the last one before the tables were cut anew, unless another is named) is laid out in a temporary
directory. Each of both trees runs in processes of its own (`side.py`), which take turns round by round, so that whatever
else the host does disturbs both alike; of each the cheapest round counts. Only CPU seconds are compared, never the time of
day. The exit code is 1 when a limit is missed. It is no test: run it on a host that has little else to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BEFORE = "bd08949518f1da2e51ff06bd3f695aba25465c70"
HERE = Path(__file__).resolve()
TREE = HERE.parents[2]
REQUESTS = ("heartbeat", "same report", "changed report", "new machine")
Cost = dict[str, float]


@dataclass(frozen=True)
class Scale:
    """How much is done. `once` are calls that can be made once only, such as a new machine's report, in each round."""

    rounds: int = 12
    known: int = 1_000
    often: int = 60
    once: int = 12
    small: int = 1_000
    large: int = 10_000
    busy: int = 1_000
    few: int = 10


QUICK = Scale(rounds=2, known=50, often=10, once=5, small=50, large=100, busy=20)


class Side:
    """One tree in a process of its own, which does what it is told and says what that cost."""

    def __init__(self, tree: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE.with_name("side.py")), str(tree)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tree,
        )

    def __call__(self, what: str, /, **how: Any) -> Cost:
        """Do `what`. Raises RuntimeError when the process ended; what went wrong is on its standard error."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": what, **how}) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError(f"{self._process.args} could not do {what}")
        cost: Cost = json.loads(answer)
        return cost

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()


@contextmanager
def laid_out(commit: str) -> Iterator[Path]:
    """The tree of `commit` in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="oci-beside-") as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=TREE, capture_output=True, check=False)
        if archive.returncode:
            why = archive.stderr.decode().strip()
            raise SystemExit(f"commit {commit} cannot be laid out, so there is nothing to compare with: {why}")
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)


@dataclass(frozen=True)
class Row:
    """One line of the table. `new` must not be more than `limit`; `old` is 0 where there is nothing to compare with."""

    measure: str
    old: float
    new: float
    limit: float
    unit: str = "ms"

    @property
    def met(self) -> bool:
        return self.new <= self.limit

    def __str__(self) -> str:
        old, ratio = (f"{self.old:.2f}", f"{self.new / self.old:.3f}") if self.old else ("-", "-")
        verdict = "met" if self.met else "MISSED"
        return f"{self.measure:58} {self.unit:10} {old:>9} {self.new:9.2f} {ratio:>7} {self.limit:9.2f}  {verdict}"


HEAD = f"{'measure':58} {'unit':10} {'old':>9} {'new':>9} {'ratio':>7} {'limit':>9}"


def cheapest(rounds: list[Cost]) -> Cost:
    """The round with the fewest CPU seconds: the others measure what else the host does."""
    return min(rounds, key=lambda cost: cost["seconds"])


@dataclass
class Beside:
    """Both trees, and how their costs are got."""

    old: Path
    scale: Scale
    rows: list[Row] = field(default_factory=list)

    def row(self, *cells: Any) -> None:
        self.rows.append(Row(*cells))
        print(self.rows[-1], flush=True)

    def _alone(self, tree: Path, what: str, **how: Any) -> Cost:
        with Side(tree) as side:
            return side(what, **how)

    def requests(self) -> None:
        """Heartbeats and reports."""
        scale = self.scale
        how = {"known": scale.known, "distinct": (scale.rounds + 1) * scale.once}
        times = dict.fromkeys(REQUESTS, scale.often) | {"changed report": scale.once, "new machine": scale.once}
        costs = self._turns(
            [("old", "prepare_requests", how), ("new", "prepare_requests", how)],
            [(side, name, times[name]) for name in REQUESTS for side in ("old", "new")],
        )
        limits = {"heartbeat": 1 / 4, "same report": 1 / 3, "changed report": 2 / 3, "new machine": 2 / 3}
        for name in REQUESTS:
            old, new = costs["old", name], costs["new", name]
            self.row(name, 1000 * old["seconds"], 1000 * new["seconds"], 1000 * old["seconds"] * limits[name])
            most = old["statements"] * (limits[name] if name == "heartbeat" else 1)
            self.row(f"{name}, statements", old["statements"], new["statements"], most, "count")
            if name == "heartbeat":
                self.row(f"{name} that says nothing new, writes", old["writes"], new["writes"], 0.0, "count")

    def classifications(self) -> None:
        """The classification of one member, in a small and in a large cluster."""
        scale = self.scale
        small, large = (f"classification among {members}" for members in (scale.small, scale.large))
        prepared = [("old", scale.small), ("new", scale.small), ("new", scale.large)]
        costs = self._turns(
            [(side, "prepare_classification", {"members": members}) for side, members in prepared],
            [("old", small, scale.once), ("new", small, scale.often), ("new", large, scale.often)],
        )
        before, now, many = (1000 * costs[key]["seconds"] for key in (("old", small), ("new", small), ("new", large)))
        self.row(small, before, now, before / 8)
        self.row(f"{large}, beside {scale.small} of now", now, many, 1.2 * now)

    def _turns(
        self, prepared: list[tuple[str, str, dict[str, int]]], calls: list[tuple[str, str, int]]
    ) -> dict[tuple[str, str], Cost]:
        """The cheapest round of each call on its side, once all is `prepared`.

        The first round compiles statements, and is not counted.
        """
        found: dict[tuple[str, str], list[Cost]] = {(side, call): [] for side, call, _times in calls}
        with ExitStack() as stack:
            sides = {"old": stack.enter_context(Side(self.old)), "new": stack.enter_context(Side(TREE))}
            for side, what, how in prepared:
                sides[side](what, **how)
            for number in range(self.scale.rounds + 1):
                for side, call, times in calls:
                    cost = sides[side]("measure", what=call, calls=times)
                    found[side, call] += [cost] if number else []
        return {key: cheapest(rounds) for key, rounds in found.items()}

    def waiting(self, seconds: int = 50) -> None:
        """What thousands of machines cost that wait for orders, over as many seconds as pass until each has spoken."""
        scale = self.scale
        new = self._alone(TREE, "waiting", machines=scale.large, seconds=seconds, settle=10)
        old = self._alone(self.old, "waiting", machines=scale.large, seconds=5, settle=0)
        what = f"{scale.large} waiting machines"
        self.row(f"{what}, CPU seconds each second", old["seconds"], new["seconds"], 0.5, "CPU s/s")
        self.row(f"{what}, heartbeats each second", old["beats"], new["beats"], 200.0, "count")
        self.row(f"{what}, writes each second", old["writes"], new["writes"], old["writes"], "count")

    def tick(self) -> None:
        """The longest transaction of a round of the worker."""
        new = self._alone(TREE, "tick", busy=self.scale.busy)
        old = self._alone(self.old, "tick", busy=self.scale.busy)
        what = f"tick with {self.scale.busy} busy machines, longest transaction"
        self.row(what, 1000 * old["seconds"], 1000 * new["seconds"], 50.0)

    def memory(self) -> None:
        """What one web worker keeps when it knows many machines; beside few, which stands where else the old tree does."""
        for listener in ("operators", "machines", "puppet"):
            few, many = (
                self._alone(TREE, "memory", machines=machines, listener=listener)["bytes"] / (1 << 20)
                for machines in (self.scale.few, self.scale.large)
            )
            what = f"worker of {listener}, {self.scale.large} machines beside {self.scale.few}"
            self.row(what, few, many, 1.3 * few, "MiB")


def main(argv: list[str] | None = None) -> int:
    """Print the table, line by line; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", nargs="?", default=BEFORE, help="the earlier commit (default: %(default).7s)")
    parser.add_argument("--only", choices=("requests", "classifications", "waiting", "tick", "memory"), action="append")
    parser.add_argument("--quick", action="store_true", help="with few machines: whether it runs, not what it costs")
    options = parser.parse_args(argv)
    with laid_out(options.commit) as tree:
        beside = Beside(tree, QUICK if options.quick else Scale())
        print(f"{options.commit[:7]} beside this tree; requests as WSGI gets them, the cheapest of several rounds")
        print(HEAD)
        for part in options.only or ("requests", "classifications", "tick", "waiting", "memory"):
            getattr(beside, part)()
    missed = [row.measure for row in beside.rows if not row.met]
    print(f"missed: {', '.join(missed)}" if missed else "all limits are met")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
