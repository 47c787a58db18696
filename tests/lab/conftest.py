"""One lab for the end-to-end tests: two machines, one of each firmware, taken through the main job once.

The first has little memory, and loses its power and its servers on the way.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cuts import ATTEMPTS, Cuts
from puppet_light import light

from lab.ground.process import run
from lab.ground.site import unique_name
from lab.vms import older
from lab.vms.plan import BIOS, UEFI, WIRED, Plan
from lab.vms.showing import say
from lab.vms.story import Story


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.lab)


SPENT: list[str] = []
MEMORY_MIB = {BIOS.name: 768, UEFI.name: 1024}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the machines of the end-to-end run cost, whether or not a test failed."""
    for line in SPENT:
        terminalreporter.write_line(line)


class Processes:
    """Command lines of processes of this host, looked at again and again while the story runs.

    `seen` has those of all, where a word is looked for that nobody else can know; `own` has those of the story, where
    anything is looked for that has a secret's form: other tests run beside this one and print such forms. They are those
    that descend from this process, and those in the lab's network: QEMU makes itself a daemon.
    """

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self.own: set[bytes] = set()

    def watch(self, story: Story, *plans: Plan) -> None:
        """Follow the story, and look between any two questions."""
        ask = story.show

        def show(name: str) -> dict[str, Any]:
            self.look(story.lab.net.pids())
            return ask(name)

        story.show = show  # type: ignore[method-assign]
        story.follow(*plans)
        story.show = ask  # type: ignore[method-assign]

    def look(self, inside: Iterable[int]) -> None:
        """Once more; `inside` are the processes in the lab's network."""
        lines, parents = {}, {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                status = (folder / "status").read_text()
                lines[int(folder.name)] = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            parents[int(folder.name)] = int(status.partition("\nPPid:")[2].split(None, 1)[0])
        self.seen.update(lines.values())
        own = {os.getpid(), *inside}
        for pid, line in lines.items():
            while pid and pid not in own:
                pid = parents.get(pid, 0)
            if pid:
                self.own.add(line)


def _key(folder: Path) -> Path:
    """A key pair that opens the machines of this run."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")])
    return folder / "key"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The story, told up to two active machines. Its timings and CPU seconds are printed."""
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: it makes network namespaces and mounts")
    root_hash = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=secrets.token_urlsafe(9), text=True, capture_output=True, check=True
    ).stdout.strip()
    told = Story(unique_name("e2e"), say, WIRED.networks, roles=WIRED.roles)
    told.environment = light(tmp_path_factory.mktemp("environment") / "puppet", f"^{UEFI.role}[0-9]")
    told.root_hash, told.processes = root_hash, Processes()  # type: ignore[attr-defined]
    key = _key(tmp_path_factory.mktemp("ssh"))
    told.key, told.before = key, {}  # type: ignore[attr-defined]
    told.marker = f"Planted{secrets.token_hex(4)}"  # type: ignore[attr-defined]
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(Path(__file__).parent / "planted"))
    patch.setenv("LAB_MARKER", told.marker)  # type: ignore[attr-defined]
    try:
        told.up(
            settings={
                "root_password_hash": root_hash,
                "ssh_authorized_keys": [key.with_suffix(".pub").read_text().strip()],
                "attempts": ATTEMPTS,
            }
        )
        told.cluster(*WIRED.orders)
        # One at a time up to the report, and with the Puppet server at rest: what shares a processor with another
        # machine or a starting JVM is billed for it. The installs then run beside each other, as they do on a site.
        told.puppet_ready()
        for plan in (BIOS, UEFI):
            hardware = {**plan.hardware, "drives": older.DRIVES[plan.firmware]}
            machine = told.add(replace(plan, hardware=hardware, memory_mib=MEMORY_MIB[plan.name]))
            older.write(machine.disk_path(older.OLDER), older.DRIVES[plan.firmware][older.OLDER - 1][0])
            told.before[plan.name] = older.digest(machine.disk_path(older.OLDER))  # type: ignore[attr-defined]
            told.ocicli("machine", "power", plan.mac, "--power", "on")
            told.discover(plan)
            told.assign(plan)
        told.ocicli("machine", "cabling", UEFI.mac, *WIRED.cabling)
        told.install(BIOS)
        told.cuts = Cuts(told, BIOS)  # type: ignore[attr-defined]
        told.cuts.start()  # type: ignore[attr-defined]
        told.cuts.wait_served()  # type: ignore[attr-defined]
        told.install(UEFI)
        told.processes.watch(told, BIOS, UEFI)  # type: ignore[attr-defined]
        yield told
    finally:
        patch.undo()
        told.down()
        SPENT.extend(
            f"{name}: {what}: {seconds:.0f} CPU s of the emulated machine"
            for name, parts in told.cpu.items()
            for what, seconds in parts.items()
        )
