"""Container machines: a Debian with its own systemd, network cards, disk and power button, started in a second.

What a container has of its own is a root file system, processes, a host name, and network cards; its kernel, clock and
kernel settings beside those of the network are the host's.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from lab.containers.layers import layers
from lab.containers.system import BOOT_SECONDS, STOP_SECONDS, System
from lab.ground.groups import Group, Usage
from lab.ground.machine import Card, Disk
from lab.ground.process import LabError, run
from lab.ground.site import Lab
from lab.ground.wires.net import Net
from lab.ground.wires.switch import Port, interface

MOST_DRIVES = 6
_NETWORK = "# Made by the lab.\n[Match]\nName={name}\n[Link]\nRequiredForOnline=no\n[Network]\n{lines}"


@dataclass(frozen=True)
class ContainerMachine:
    """One container of the lab `lab`, switched off. Fulfils lab.ground.machine.Machine.

    `layer` is one of lab.containers.packages. `mac` is that of its card eth0, at a `port` of the switch; `more_cards` are
    eth1 and so on. A port's tagged VLANs are interfaces of their own, eth0.20, for not every kernel can take tags off:
    the lab does it. The numbers (from 1) of cards in `trunks` get the tagged frames as they are, for a switch inside.
    `addresses` are pairs of an interface and its address, as ("eth0", "10.77.2.11/21"); one without is up all the same.
    `drives` are sparse disks of so many GB, /dev/vdb and so on; its root is none of them. `devices` are names below /dev.
    With `memory_mib` it has and sees no more memory than that, else the host's. `roots` are its layers' folders, the
    lowest first, by default those of `layer`.
    """

    name: str
    lab: str
    mac: str
    layer: str = "base"
    domain: str = "lab.test"
    port: Port = Port()  # noqa: RUF009
    more_cards: tuple[Card, ...] = ()
    trunks: tuple[int, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    drives: tuple[int, ...] = ()
    devices: tuple[str, ...] = ("net/tun",)
    memory_mib: int = 0
    roots: tuple[str, ...] = ()

    # -- on disk

    @property
    def path(self) -> Path:
        """The machine's directory."""
        return Net(self.lab).run_dir / "container" / self.name

    def save(self) -> Self:
        """Make its directory, with what it is made of and the files of its own. Layers that are missing are built."""
        if len(self.drives) > MOST_DRIVES:
            raise LabError(f"{self.name} has {len(self.drives)} drives; a container has at most {MOST_DRIVES}")
        made = replace(self, roots=self.roots or tuple(str(layer) for layer in layers(self.layer)))
        self.path.mkdir(parents=True)
        for number, size in enumerate(self.drives, 1):
            with (self.path / f"disk{number}").open("wb") as image:
                image.truncate(size << 30)
        for name, text in self._files().items():
            made.write(name, text)
        (self.path / "machine.json").write_text(json.dumps(asdict(made), indent=1))
        return made

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The machine that was saved in `directory`. Raises LabError."""
        try:
            data = json.loads((directory / "machine.json").read_text())
            data["port"] = _port(data["port"])
            data["more_cards"] = tuple(Card(card["mac"], _port(card["port"])) for card in data["more_cards"])
            data["addresses"] = tuple((name, address) for name, address in data["addresses"])
            for name in ("trunks", "drives", "devices", "roots"):
                data[name] = tuple(data[name])
            return cls(**data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabError(f"{directory} holds no container of this version: {error!r}") from None

    def _files(self) -> dict[str, str]:
        """Files of its own from the beginning: names, number, addresses."""
        own = next((address.split("/")[0] for _card, address in self.addresses), "127.0.1.1")
        files = {
            "etc/hostname": f"{self.name}\n",
            "etc/machine-id": f"{uuid.uuid4().hex}\n",
            "etc/hosts": f"127.0.0.1 localhost\n{own} {self.fqdn} {self.name}\n",
        }
        for name, _mac, _cable, _port in self._interfaces():
            lines = "".join(f"Address={address}\n" for card, address in self.addresses if card == name)
            text = _NETWORK.format(name=name, lines=lines or "LinkLocalAddressing=no\n")
            files[f"etc/systemd/network/10-lab-{name}.network"] = text
        return files

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """Put a file of root's at the path `name` (without the first slash) in it, whether it is on or off."""
        upper, init = self._system().upper, self._system().init
        root = Path(f"/proc/{init}/root") if init else upper
        for folder in reversed(Path(name).parents):
            if not (root / folder).exists():
                (root / folder).mkdir(parents=True)
                self._as_below(root, folder)
        file = root / name
        file.write_text(text)
        file.chmod(mode)

    def copy(self, file: Path, name: str) -> None:
        """Put a copy of a file of this host at the path `name` (without the first slash) in it, whether it is on or off."""
        self.write(name, "")
        init = self._system().init
        shutil.copyfile(file, (Path(f"/proc/{init}/root") if init else self._system().upper) / name)

    def _as_below(self, root: Path, folder: Path) -> None:
        """A folder that is made in the upper directory hides the owner and mode of that below: it gets the same."""
        for layer in reversed(self.roots):
            if (Path(layer) / folder).is_dir():
                run(["chmod", f"--reference={Path(layer) / folder}", str(root / folder)])
                run(["chown", f"--reference={Path(layer) / folder}", str(root / folder)])
                return

    # -- what it is

    @property
    def fqdn(self) -> str:
        """Its full name."""
        return f"{self.name}.{self.domain}"

    @property
    def cards(self) -> tuple[Card, ...]:
        """Its network cards."""
        return (Card(self.mac, self.port), *self.more_cards)

    @property
    def disks(self) -> tuple[Disk, ...]:
        """Its disks beside the root file system: no firmware ever tries them."""
        return tuple(
            Disk(self.path / f"disk{number}", size << 30, f"{self.name[:12]}-disk{number}", "")
            for number, size in enumerate(self.drives, 1)
        )

    def cable(self, number: int = 1, tag: int = 0) -> str:
        """The switch's end of the cable of card `number`, counted from 1, or of its interface for the VLAN `tag`."""
        return interface("ct", f"{self.name}.{number}.{tag}")

    @property
    def group(self) -> Group:
        """Its control group."""
        return Group(f"{Net(self.lab).namespace}/{self.name}")

    def _system(self, loops: tuple[str, ...] = ()) -> System:
        net, roots = Net(self.lab), tuple(Path(root) for root in self.roots)
        space = f"{net.namespace}.{self.name}"
        return System(
            self.name, roots, self.path, self.group, space, self.devices, loops, self.memory_mib, run_dir=net.run_dir
        )

    # -- its power

    def running(self) -> bool:
        """Whether the power is on."""
        return self._system().running()

    def start(self, boot_first: str | None = None) -> None:
        """Power on; nothing happens when it is on. `wait_up` waits until it is up. Raises LabError, TimeoutError."""
        if boot_first:
            self.boot_device(boot_first)
        with self._lock():
            if not self.running():
                self._plug()
                try:
                    self._system(self._attach()).boot()
                finally:
                    # From here on its cards live as long as its processes, which alone have the namespace.
                    Net(self.lab).unpeer(self.name)

    def wait_up(self, deadline: float = BOOT_SECONDS) -> None:
        """Wait until its systemd is up. Raises LabError when it ended, TimeoutError."""
        self._system().wait_up(deadline)

    def stop(self) -> None:
        """Power off at once, without asking the operating system."""
        self.kill()

    def kill(self) -> None:
        """A power cut: none of its processes may do anything any more. What it had written is kept."""
        with self._lock():
            self._system().cut()
            for _name, _mac, cable, _port in self._interfaces():
                Net(self.lab).switch.unplug(cable)

    def reset(self) -> None:
        """Press the reset button. Raises LabError when the power is off."""
        if not self.running():
            raise LabError(f"{self.name} is switched off; start it first")
        self.kill()
        self.start()

    def soft_off(self) -> None:
        """Press the power button: systemd is asked to shut down. Raises LabError when the power is off."""
        self._system().ask_to_end()

    def wait_off(self, deadline: float = STOP_SECONDS) -> None:
        """Wait until the power is off. Raises TimeoutError."""
        self._system().wait_off(deadline)

    def boot_device(self, device: str | None = None) -> str:
        """What it boots: its disk, and nothing else. Raises LabError for another."""
        if device not in (None, "disk"):
            raise LabError(f"{self.name} is a container and cannot boot {device!r} first; it can: disk")
        return "disk"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.path / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _plug(self) -> None:
        """New cards in a new namespace: what an operating system set on cards is gone with its power."""
        net = Net(self.lab)
        net.unpeer(self.name)
        net.space(self.name)
        for name, mac, cable, port in self._interfaces():
            net.switch.unplug(cable)
            net.card(self.name, name, mac, cable, port)

    def _interfaces(self) -> Iterator[tuple[str, str, str, Port | None]]:
        """(name, MAC, cable, port) of every interface that it has."""
        for number, card in enumerate(self.cards, 1):
            name, port = f"eth{number - 1}", card.port
            if number in self.trunks or not port.tagged:
                yield name, card.mac, self.cable(number), port
                continue
            yield name, card.mac, self.cable(number), Port(port.native) if port.native else None
            for vlan in port.tagged:
                yield f"{name}.{vlan}", card.mac, self.cable(number, vlan), Port(vlan)

    def _attach(self) -> tuple[str, ...]:
        return tuple(run(["losetup", "--find", "--show", str(disk.path)]).stdout.strip() for disk in self.disks)

    # -- seen and entered from outside

    def command(self, *words: str) -> list[str]:
        """`words` as they must be started to run in it as root. Raises LabError when it is off."""
        return self._system().command(*words)

    def run(self, *words: str, timeout: float = 600, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in it as root, to its end. Raises LabError when it fails or takes longer than `timeout` s."""
        return self._system().run(*words, timeout=timeout, check=check)

    def read(self, name: str) -> str:
        """A file of it, without the first slash, as it is seen inside. Raises LabError when it is off, OSError."""
        init = self._system().init
        if not init:
            raise LabError(f"{self.name} does not run; start it first")
        return Path(f"/proc/{init}/root", name).read_text()

    def journal(self, lines: int = 60) -> str:
        """The last lines of its journal, also when it is off."""
        return self._system().journal(lines)

    @property
    def console(self) -> Path:
        """What it said before it had a journal."""
        return self._system().console

    def usage(self) -> Usage:
        """What it takes of memory, and has taken of processors over all its starts."""
        return self.group.usage()

    def remove(self) -> None:
        """Take it away with all that it wrote."""
        if self.path.exists():
            self.kill()
        self.group.remove()
        run(["rm", "-rf", str(self.path)])


def _port(data: Mapping[str, object]) -> Port:
    native, tagged = data["native"], data["tagged"]
    assert isinstance(native, int) and isinstance(tagged, list)
    return Port(native, tuple(tagged))


def machines(lab: Lab) -> list[ContainerMachine]:
    """The containers of a lab, by name."""
    return [ContainerMachine.load(note.parent) for note in sorted(lab.run_dir.glob("container/*/machine.json"))]
