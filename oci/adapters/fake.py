"""Fakes with a memory: a world that works, one that is empty, one that is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from oci.ports import BmcAccess, OutsideError, PowerError, PowerRefused, PowerUnseen, RootImage


@dataclass
class FakePower:
    """Controllers that do what they are told. `on_addresses` are those whose machine is on."""

    on_addresses: set[str] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def status(self, bmc: BmcAccess) -> str:
        self.calls.append(("status", bmc.address))
        return "on" if bmc.address in self.on_addresses else "off"

    def on(self, bmc: BmcAccess) -> None:
        self.calls.append(("on", bmc.address))
        self.on_addresses.add(bmc.address)

    def off(self, bmc: BmcAccess) -> None:
        self.calls.append(("off", bmc.address))
        self.on_addresses.discard(bmc.address)

    def boot_device(self, bmc: BmcAccess, device: str, firmware: str = "") -> None:
        self.calls.append((f"boot {device}", bmc.address))


class BrokenPower(FakePower):
    """Controllers that never answer."""

    def _fail(self, bmc: BmcAccess) -> None:
        raise PowerError(f"controller {bmc.address} did not answer", "it timed out", "Check cable and address")

    def status(self, bmc: BmcAccess) -> str:
        self._fail(bmc)
        return "unknown"

    def on(self, bmc: BmcAccess) -> None:
        self._fail(bmc)

    off = on

    def boot_device(self, bmc: BmcAccess, device: str, firmware: str = "") -> None:
        self._fail(bmc)


class WorkerKilled(BaseException):
    """The worker dies here: nobody catches it."""


@dataclass
class FaultyPower:
    """One controller as bad ones are. It shows a state `late` seconds of `clock` after it was told.

    `faults` says what becomes of each conversation in turn, and after its end all are well: 'ok', 'lost' (nothing was
    heard), 'unanswered' (it was heard, the answer was lost), 'refused', or 'killed' (the worker, after it was heard).
    A `stubborn` one takes every order and does nothing. `told` holds what it was told: time and state.
    """

    clock: Callable[[], float]
    late: float = 0.0
    faults: list[str] = field(default_factory=list)
    stubborn: bool = False
    was: str = "off"
    told: list[tuple[float, str]] = field(default_factory=list)

    def shown(self) -> str:
        """The state that its machine has by now."""
        seen = [state for at, state in self.told if at + self.late <= self.clock() and not self.stubborn]
        return seen[-1] if seen else self.was

    def _talk(self, order: str = "") -> None:
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "refused" and order:
            raise PowerRefused("the controller did not want", "it is busy", "Try again")
        if order and fault != "lost":
            self.told.append((self.clock(), order))
        if fault == "killed":
            raise WorkerKilled
        if fault in ("lost", "unanswered"):
            raise PowerError("the controller did not answer", "a packet was lost", "Check its network")

    def status(self, _bmc: BmcAccess) -> str:
        self._talk()
        return self.shown()

    def _switch(self, wanted: str) -> None:
        if self.shown() == wanted:
            return
        self._talk(wanted)
        if self.shown() != wanted:
            raise PowerUnseen("the controller took the order", "nothing is seen yet", "Wait")

    def on(self, _bmc: BmcAccess) -> None:
        self._switch("on")

    def off(self, _bmc: BmcAccess) -> None:
        self._switch("off")

    def boot_device(self, _bmc: BmcAccess, device: str, firmware: str = "") -> None:
        self._talk()


@dataclass
class FakeDhcp:
    """A DHCP server that takes every configuration."""

    text: str = ""
    trouble: str = ""  # why nobody is served

    def apply(self, text: str) -> bool:
        changed, self.text = text != self.text, text
        return changed

    def check(self, interface: str, address: str) -> None:
        if self.trouble:
            raise OutsideError(f"nobody is served by DHCP at {interface}", self.trouble, "Mend it")


@dataclass
class FakePuppetCa:
    """A CA that remembers which names were cleaned."""

    cleaned: list[str] = field(default_factory=list)
    broken: bool = False

    def clean(self, certname: str) -> bool:
        if self.broken:
            raise OutsideError("the Puppet CA did not answer", "connection refused", "Start puppetserver")
        self.cleaned.append(certname)
        return False

    def check(self) -> None:
        if self.broken:
            raise OutsideError("the Puppet CA did not answer", "connection refused", "Start puppetserver")


@dataclass
class FakeImages:
    """Images that exist, or with `built=False` do not; `extras` are what not every build has, `own` the roles with one."""

    built: bool = True
    extras: tuple[str, ...] = ("disk.pxe",)
    own: tuple[str, ...] = ()

    def _need(self) -> None:
        if not self.built:
            raise OutsideError("there is no live image", "it was never built", "Run oci-admin image build")

    def live_sha256(self) -> str:
        self._need()
        return "ab" * 32

    def live_has(self, name: str) -> bool:
        return self.built and name in self.extras

    def root(self, role: str = "") -> RootImage:
        self._need()
        if role in self.own:
            return RootImage(f"root-{role}.tar.zst", "ef" * 32, 2000)
        return RootImage("root.tar.zst", "cd" * 32, 1000)

    def roles(self) -> tuple[str, ...]:
        return self.own

    def check(self, kind: str, role: str = "", packages: tuple[str, ...] = ()) -> None:
        self._need()


@dataclass
class FakeHost:
    """A host on which all is well, unless `broken` names what is not. `expires` is in seconds since the epoch."""

    broken: dict[str, str] = field(default_factory=dict)
    expires: float = 4_000_000_000.0
    free: int = 50 << 30
    revisions: tuple[str, str] = ("0001", "0001")

    def _see(self, what: str) -> None:
        if what in self.broken:
            raise OutsideError(f"the {what} failed", self.broken[what], "Mend it")

    def loaders(self, server: str, names: list[str]) -> None:
        self._see("loaders")

    def expiries(self) -> dict[str, float]:
        self._see("expiries")
        return {"ca": self.expires, "server": self.expires, "operators": self.expires}

    def disk(self) -> tuple[int, int]:
        self._see("disk")
        return self.free, 100 << 30

    def clock(self) -> None:
        self._see("clock")

    def schema(self) -> tuple[str, str]:
        self._see("schema")
        return self.revisions
