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

    def apply(self, text: str) -> bool:
        changed, self.text = text != self.text, text
        return changed


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


@dataclass
class FakeImages:
    """Images that exist, or with `built=False` do not; `extras` are what not every build has."""

    built: bool = True
    extras: tuple[str, ...] = ("disk.pxe",)

    def _need(self) -> None:
        if not self.built:
            raise OutsideError("there is no live image", "it was never built", "Run oci-admin image build")

    def live_sha256(self) -> str:
        self._need()
        return "ab" * 32

    def live_has(self, name: str) -> bool:
        return self.built and name in self.extras

    def root(self) -> RootImage:
        self._need()
        return RootImage("root.tar.zst", "cd" * 32, 1000)
