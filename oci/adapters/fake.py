"""Fakes with a memory: a world that works, one that is empty, one that is broken."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from oci.domain.cloud.access import Access
from oci.ports import (
    BmcAccess,
    CloudRefused,
    GuestParts,
    OutsideError,
    PowerError,
    PowerRefused,
    PowerUnseen,
    RootImage,
    Thing,
)


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


@dataclass
class FakeCloud:
    """A cloud with a memory, in which a guest boots and tells how it fares. `hosts` are those with a compute service.

    `broken` says why a verb fails, by its name or, for `make`, by kind ("make server") or by name of the thing; `slow` how
    often a thing is still in the making when it is looked at, by kind. `mute` guests never say a word. `dead` hosts have a
    service that is down. `calls` are the verbs so far.
    """

    hosts: tuple[str, ...] = ("compute1", "compute2")
    urls: dict[str, str] = field(
        default_factory=lambda: {
            kind: f"https://api.cloud.test/{kind}" for kind in ("identity", "image", "placement", "compute", "network")
        }
    )
    leads_out: str = ""
    broken: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    slow: dict[str, int] = field(default_factory=dict)
    dead: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    killed: str = ""  # the verb in which the worker dies, once
    things: dict[tuple[str, str], Thing] = field(default_factory=dict)
    wanted: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    count: int = 0

    def _do(self, *names: str) -> None:
        self.calls.append(names[0])
        for name in names:
            if name == self.killed:
                self.killed = ""
                raise WorkerKilled
            if name in self.refused:
                raise CloudRefused(f"{names[0]} was refused", self.refused[name], "")
            if name in self.broken:
                raise OutsideError(f"{names[0]} failed", self.broken[name], "Mend it")

    def open(self, access: Access) -> FakeCloud:
        return self

    def endpoints(self) -> Mapping[str, str]:
        self._do("endpoints")
        return self.urls

    def answers(self, url: str) -> None:
        self._do("answers", url)

    def services(self) -> Mapping[str, str]:
        self._do("services")
        return {host: f"the compute service of {host} is down" if host in self.dead else "" for host in self.hosts}

    def outside(self) -> str:
        self._do("outside")
        return self.leads_out

    def find(self, kind: str, beginning: str) -> list[Thing]:
        self._do("find", f"find {kind}")
        return [thing for (its, _id), thing in self.things.items() if its == kind and thing.name.startswith(beginning)]

    def _facts(self, kind: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        if kind == "port":
            return {"addresses": [f"192.0.2.{10 + self.count}"]}
        if kind == "floating":
            return {"address": f"203.0.113.{self.count}"}
        return {"host": wanted["host"]} if kind == "server" else {}

    def make(self, kind: str, name: str, wanted: Mapping[str, Any]) -> Thing:
        self._do("make", f"make {kind}", f"make {name}")
        known = next((thing for thing in self.find(kind, name) if thing.name == name), None)
        if known is None:
            self.count += 1
            known = Thing(f"{kind}-{self.count}", name, "ready", self._facts(kind, wanted))
            self.things[kind, known.id] = known
            self.wanted[known.id] = wanted
            self._do("made", f"made {kind}")
        left = self.slow.get(kind, 0)
        if left:
            self.slow[kind] = left - 1
            return replace(known, state="making")
        return known

    def look(self, kind: str, id: str) -> Thing | None:
        self._do("look", f"look {kind}")
        return self.things.get((kind, id))

    def drop(self, kind: str, id: str) -> None:
        self._do("drop", f"drop {kind}")
        self.things.pop((kind, id), None)

    def log(self, server: str) -> str:
        """What a guest says that has its address, its metadata, its gateway and everybody that it was told of."""
        self._do("log")
        wanted = self.wanted[server]
        if wanted["host"] in self.mute:
            return ""
        address = self.things["port", wanted["port"]].facts["addresses"][0]
        others = base64.b64decode(wanted["user_data"]).decode().split()
        lines = ["up", f"lease {address}/24", f"instance {server}", "reached 192.0.2.1"]
        return "\n".join(f"OCI-CHECK {line}" for line in (*lines, *(f"reached {other}" for other in others)))

    def console(self, server: str) -> str:
        self._do("console")
        return "https://api.cloud.test/console/vnc_lite.html"

    def ping(self, address: str) -> bool:
        self._do("ping")
        return True


@dataclass
class FakeGuests:
    """Parts of a guest that are there, unless `why` says why not."""

    given: GuestParts = GuestParts(b"kernel", b"initrd", b"#!/bin/busybox sh\n")  # noqa: RUF009 (frozen)
    why: str = ""

    def parts(self) -> GuestParts:
        if self.why:
            raise OutsideError("there is no guest", self.why, "Run oci-admin image build live")
        return self.given
