"""Fakes with a memory: a world that works, one that is empty, one that is broken."""

from __future__ import annotations

from dataclasses import dataclass, field

from oci.ports import BmcAccess, OutsideError, PowerError, RootImage


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

    def cycle(self, bmc: BmcAccess) -> None:
        self.calls.append(("cycle", bmc.address))
        self.on_addresses.add(bmc.address)

    def boot_device(self, bmc: BmcAccess, device: str) -> None:
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

    off = cycle = on

    def boot_device(self, bmc: BmcAccess, device: str) -> None:
        self._fail(bmc)


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
    """Images that exist, or with `built=False` do not."""

    built: bool = True

    def _need(self) -> None:
        if not self.built:
            raise OutsideError("there is no live image", "it was never built", "Run oci-admin image build")

    def live_sha256(self) -> str:
        self._need()
        return "ab" * 32

    def root(self) -> RootImage:
        self._need()
        return RootImage("root.tar.zst", "cd" * 32, 1000)

    def check(self, kind: str) -> None:
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
