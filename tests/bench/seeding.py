"""What a controller's seeding costs beside the way of Debian's Puppet modules, on the same controller, in one run.

    python -m tests.bench.seeding [--lab NAME] [--rounds NUMBER]

It makes a cloud of one controller in a container, as `make cloud` does, or takes the running one of the lab NAME.
Measured is:

- a run of Puppet that changes nothing, of the product's own catalogue, and of the same catalogue in which the classes
  profile::keystone::seed and profile::neutron::outside are those of `modules/`: the same entries, declared by
  `X::keystone::auth`, `keystone_user` and the like, `neutron_network` and `neutron_subnet`. Flavors are in the
  product's alone. The limit is a third.
- seeding alone: oci-seed beside `puppet apply` of these same classes, where all entries are there, and where none is.
  The limit is a twentieth. The running cloud of a lab is no good one afterwards: its users are others.

CPU seconds are those of the process with all its children. What the cloud's services spend to answer is told apart: all
that the container took meanwhile, less what it takes at rest in as much time. No limit is on that, for rest is not
steady. Of what can be repeated the cheapest counts: the others measure what else the host does. What was measured is
kept in `seeding.json` beside the labs. The exit code is 1 when a limit is missed. It is no test: run it as root, on a
host that has little else to do; it takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.clouds.cloud import MEMBERS, Cloud
from lab.containers.machine import ContainerMachine, machines
from lab.containers.puppetroot import DEBIANS, build
from lab.ground.cached.mirror import cache_dir
from lab.ground.checkout import CHECKOUT
from lab.ground.process import LabError
from lab.ground.site import unique_name
from lab.ground.wires.net import labs_dir
from lab.vms.story import PUPPET_SECONDS
from tests.bench.beside import HEAD, Row

HERE = Path(__file__).resolve().parent
SEED = "/usr/lib/oci/oci-seed"
PARTS = {"catalogue": "/etc/keystone/oci-seed.json", "networks": "/etc/oci/seeds.d/outside.json"}
"""By the class of `modules/`: what oci-seed is told of the same."""
BENCH = "var/tmp/oci-bench"
"""Where the bench's own files are in the container."""
REST_SECONDS = 60
RUNS_THAT_MAY_CHANGE = 3
MANIFEST = f"class {{{{ 'bench::{{part}}': * => parsejson(file('/{BENCH}/told.json'))['{{part}}'] }}}}\n"


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a process with its children, all that its machine took meanwhile, and how long that was."""

    seconds: float
    machine: float
    wall: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, self.machine + other.machine, self.wall + other.wall)


def cheapest(costs: Sequence[Cost]) -> Cost:
    """That with the fewest CPU seconds."""
    return min(costs, key=lambda cost: cost.seconds)


class Controller:
    """The machine on which all is measured."""

    def __init__(self, machine: ContainerMachine) -> None:
        self.machine = machine

    def cost(self, *words: str, well: Sequence[int] = (0,)) -> Cost:
        """Run a command on it as root. Raises LabError when it ends with a status that is not in `well`."""
        with tempfile.TemporaryFile() as said:
            began, before = time.monotonic(), self.machine.usage().cpu_seconds
            process = subprocess.Popen(
                self.machine.command(*words), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )
            _pid, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall, machine = time.monotonic() - began, self.machine.usage().cpu_seconds - before
            if process.returncode not in well:
                said.seek(0)
                text = said.read().decode(errors="replace")[-2000:]
                raise LabError(f"{' '.join(words)} ended with {process.returncode}: {text}")
        return Cost(used.ru_utime + used.ru_stime, machine, wall)

    def puppet(self) -> tuple[Cost, bool]:
        """One run of Puppet as the product runs it; and whether it changed nothing. Raises LabError when it failed."""
        cost = self.cost("setsid", "-w", "/usr/lib/oci/oci-puppet")
        return cost, self.machine.read("run/oci/puppet.outcome").endswith("nothing to change\n")

    def rest(self) -> float:
        """CPU seconds for each second in which nobody wants anything of it."""
        before = self.machine.usage().cpu_seconds
        time.sleep(REST_SECONDS)
        return (self.machine.usage().cpu_seconds - before) / REST_SECONDS


class Ways:
    """The cloud, whose Puppet server has one of two environments: the product's own, and that with the modules' way."""

    def __init__(self, cloud: Cloud, controller: Controller, directory: Path, rounds: int) -> None:
        self.cloud, self.controller, self.rounds = cloud, controller, rounds
        self.ours, self.theirs = CHECKOUT / "puppet", directory / "environment"
        shutil.copytree(self.ours, self.theirs)
        shutil.copytree(HERE / "modules", self.theirs, dirs_exist_ok=True)
        self.directory = directory

    # -- whole runs

    def runs(self) -> dict[str, Cost]:
        """The cheapest run of each way that changed nothing. The product's comes first and last, the other between."""
        costs: dict[str, list[Cost]] = {"ours": [], "theirs": []}
        for way in ("ours", "theirs", "ours"):
            self._serve(getattr(self, way))
            costs[way] += self._unchanging(way)
        return {way: cheapest(found) for way, found in costs.items()}

    def _unchanging(self, way: str) -> list[Cost]:
        """Runs that change nothing, which the first ones may do."""
        found: list[Cost] = []
        for _ in range(self.rounds + RUNS_THAT_MAY_CHANGE):
            cost, same = self.controller.puppet()
            said = f"{cost.seconds:.1f} CPU s, {cost.wall:.0f} s by the clock"
            print(f"a run that changes {'nothing' if same else 'something'}, {way}: {said}", flush=True)
            found = [*found, cost] if same else []
            if len(found) == self.rounds:
                return found
        log = self.controller.machine.read("run/oci/puppet.log")
        raise LabError(f"runs of Puppet change something again and again, as this one: {log}")

    def _serve(self, environment: Path) -> None:
        server = self.cloud.puppet
        assert server
        server.stop()
        server.environment = environment
        server.start().wait_ready(PUPPET_SECONDS)

    # -- seeding alone

    def seeding(self) -> dict[str, dict[str, Cost]]:
        """By what is there before: what each way costs. Networks are left out where nothing is: Neutron, whose own user is
        another one then, trusts nobody until it is started anew."""
        self._lay()
        self._apply((0, 2), *PARTS)  # it wants addresses of users for mail, of which the product makes none
        return {
            "where all is there": {
                "ours": cheapest([self._seed(*PARTS) for _ in range(self.rounds)]),
                "theirs": cheapest([self._apply((0,), *PARTS) for _ in range(self.rounds)]),
            },
            "where nothing is": {"ours": self._first(), "theirs": self._first_of_theirs()},
        }

    def _first(self) -> Cost:
        self._empty()
        return self._seed("catalogue")

    def _first_of_theirs(self) -> Cost:
        self._empty()
        cost = self._apply((2,), "catalogue")
        self._compare()
        self._seed("catalogue")
        return cost

    def _seed(self, *parts: str) -> Cost:
        costs = [self.controller.cost(SEED, PARTS[part]) for part in parts]
        return sum(costs[1:], costs[0])

    def _apply(self, well: Sequence[int], *parts: str) -> Cost:
        self.controller.machine.write(f"{BENCH}/seed.pp", "".join(MANIFEST.format(part=part) for part in parts))
        words = ("--modulepath", f"/{BENCH}/site:/{BENCH}/modules", f"/{BENCH}/seed.pp")
        return self.controller.cost("puppet", "apply", "--detailed-exitcodes", *words, well=well)

    def _empty(self) -> None:
        self.controller.cost("python3", f"/{BENCH}/emptied.py", PARTS["catalogue"])

    def _compare(self) -> None:
        """Both ways make the same entries, but for the mark beside a user by which oci-seed knows its password."""
        said = self.controller.machine.run(SEED, "--check", PARTS["catalogue"], check=False).stdout.splitlines()
        if other := [line for line in said if not line.startswith("oci-seed: differs: password of ")]:
            raise LabError(f"the two ways are not the same, so that they cannot be compared: {other}")

    def _lay(self) -> None:
        """Put on the controller what `puppet apply` needs: the classes, the modules below them, and what they are told."""
        machine, archive = self.controller.machine, self.directory / "bench.tar"
        with tarfile.open(archive, "w") as tar:
            # Debian's modules are links by way of /etc/alternatives, which hold in the tree of the Puppet server.
            for module in sorted((build(cache_dir()) / DEBIANS).with_name("modules.available").iterdir()):
                tar.add(module, f"modules/{module.name.rpartition('-')[2]}")  # who wrote it may stand before
            tar.add(self.theirs / "site", "site")
            tar.add(HERE / "emptied.py", "emptied.py")
        machine.run("mkdir", "-p", "-m", "700", f"/{BENCH}")
        machine.copy(archive, f"{BENCH}/bench.tar")
        machine.run("tar", "-xf", f"/{BENCH}/bench.tar", "-C", f"/{BENCH}")
        machine.write(f"{BENCH}/told.json", json.dumps(self._told()), 0o600)

    def _told(self) -> dict[str, Any]:
        """The parameters of the two classes, of what OCI tells the Puppet server of this machine."""
        socket = self.cloud.lab.run_dir / "run/puppet/puppet.sock"
        asked = [str(CHECKOUT / "puppet/bin/oci-enc"), self.controller.machine.fqdn]
        environment = {**os.environ, "OCI_PUPPET_SOCKET": str(socket)}
        said = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout
        classes = yaml.safe_load(said)["classes"]
        seed, neutron = classes["profile::keystone::seed"], classes["profile::neutron"]
        catalogue = {
            "front": f"https://{seed['cloud']['api']}",
            "region": seed["cloud"]["region"],
            "admin_password": seed["admin_password"],
            "services": seed["services"],
        }
        return {"catalogue": catalogue, "networks": {"physical": neutron["physical"][0], "networks": neutron["outside"]}}


@contextmanager
def made() -> Iterator[Cloud]:
    """A cloud of one controller, of which nothing is left."""
    cloud = Cloud(unique_name("seeding"), MEMBERS[:1], say=lambda text: print(f"  {text}", flush=True))
    try:
        cloud.up()
        cloud.puppet_ready()
        cloud.declare()
        for member in cloud.members:
            cloud.start(member)
        cloud.deploy()
        yield cloud
    finally:
        cloud.down()


@contextmanager
def attached(name: str) -> Iterator[Cloud]:
    """The running cloud of the lab `name`, which keeps running, as the product has it."""
    cloud = Cloud(name)
    cloud.puppet = cloud._puppet(build(cache_dir()))
    cloud.puppet_ready()
    yield cloud


@dataclass(frozen=True)
class Pair:
    """What was measured of both ways; ours may cost `share` of theirs."""

    what: str
    ours: Cost
    theirs: Cost
    share: float

    @property
    def row(self) -> Row:
        """As the other benches tell it."""
        return Row(self.what, self.theirs.seconds, self.ours.seconds, self.theirs.seconds * self.share, "CPU s")

    def services(self, rest: float) -> str:
        """What the cloud's services spent beside, when they spend `rest` each second anyway."""
        theirs, ours = (cost.machine - cost.seconds - rest * cost.wall for cost in (self.theirs, self.ours))
        return f"{self.what}: services spent {theirs:.1f} CPU s for the modules' way, {ours:.1f} for ours"

    @property
    def wall(self) -> str:
        """How long both took."""
        return f"{self.what}: {self.theirs.wall:.1f} s by the clock the modules' way, {self.ours.wall:.1f} ours"


def measured(cloud: Cloud, rounds: int) -> tuple[float, list[Pair]]:
    """CPU seconds of the machine in each second of rest, and everything else."""
    (machine,) = [one for one in machines(cloud.lab) if one.name == MEMBERS[0].name]
    controller, others = Controller(machine), ("oci-puppet.timer", "oci-poll.service")
    # Runs are ordered here, and by nobody else.
    machine.run("systemctl", "stop", *others)
    try:
        with tempfile.TemporaryDirectory(prefix="oci-seeding-") as directory:
            ways = Ways(cloud, controller, Path(directory), rounds)
            runs = ways.runs()
            rest = controller.rest()
            pairs = [Pair("a run of Puppet that changes nothing", runs["ours"], runs["theirs"], 1 / 3)]
            for what, costs in ways.seeding().items():
                pairs.append(Pair(f"seeding alone, {what}", costs["ours"], costs["theirs"], 1 / 20))
            return rest, pairs
    finally:
        machine.run("systemctl", "start", *others)


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", help="the lab of a running cloud, which is taken instead of a new one")
    parser.add_argument("--rounds", type=int, default=3, help="how often what can be repeated is (default: %(default)s)")
    options = parser.parse_args(argv)
    if os.geteuid() != 0:
        raise SystemExit("a cloud in containers needs root: it makes network namespaces and mounts")
    with attached(options.lab) if options.lab else made() as cloud:
        rest, pairs = measured(cloud, options.rounds)
    print("a controller, by Debian's modules (old) and by OCI (new)")
    print(HEAD)
    for pair in pairs:
        print(pair.row)
    for pair in pairs:
        print(pair.wall)
        print(pair.services(rest))
    print(f"the controller at rest: {rest:.3f} CPU s each second")
    kept = labs_dir() / "seeding.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"rest": rest, "pairs": [asdict(pair) for pair in pairs]}, indent=1) + "\n")
    missed = [pair.what for pair in pairs if not pair.row.met]
    print(f"missed: {', '.join(missed)}" if missed else "all limits are met")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
