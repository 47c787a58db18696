"""The outside world, as the services see it: small protocols that adapters and fakes fulfil."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from oci.domain.cloud.access import Access


class OutsideError(Exception):
    """Something outside failed. `what` happened, `why`, and what can be done `instead`."""

    def __init__(self, what: str, why: str, instead: str) -> None:
        super().__init__(f"{what}: {why}. {instead}")
        self.what, self.why, self.instead = what, why, instead


class Outdated(OutsideError):
    """Something that works, and is not as it would be made now."""


class PowerError(OutsideError):
    """A management controller did not do what was asked."""


class PowerRefused(PowerError):
    """The controller understood, and did not want or cannot."""


class PowerUnseen(PowerError):
    """The controller took the order, and does not show the new state yet."""


@dataclass(frozen=True)
class BmcAccess:
    """How to reach a management controller; the password never appears in repr."""

    address: str
    username: str
    password: str = field(repr=False)
    port: int = 623
    protocol: str = "ipmi"


class Power(Protocol):
    """Power of one machine through its management controller. Every verb raises PowerError.

    `on` and `off` look first, give the order at most once, and look for a while: PowerUnseen says that it was taken.
    `boot_device` needs to know how the machine boots: 'efi', 'bios', or '' when nobody knows yet. PowerRefused says
    that it was not told, so that the machine boots in its own order.
    """

    def status(self, bmc: BmcAccess) -> str: ...  # 'on' | 'off'

    def on(self, bmc: BmcAccess) -> None: ...

    def off(self, bmc: BmcAccess) -> None: ...

    def boot_device(self, bmc: BmcAccess, device: str, firmware: str = "") -> None: ...  # 'pxe' | 'disk'


class Dhcp(Protocol):
    """The DHCP server's configuration."""

    def apply(self, text: str) -> bool: ...  # True when it changed; raises OutsideError

    def check(self, interface: str, address: str) -> None: ...  # raises OutsideError when nobody is served there


class PuppetCa(Protocol):
    """The Puppet certificate authority."""

    def clean(self, certname: str) -> bool: ...  # True when one was revoked; raises OutsideError

    def check(self) -> None: ...  # raises OutsideError when it cannot be used


class Images(Protocol):
    """What the appliance built to be booted and installed."""

    def live_sha256(self) -> str: ...  # of root.squashfs; raises OutsideError when not built

    def live_has(self, name: str) -> bool: ...  # whether that file was built with it; False without an image

    def root(self, role: str = "") -> RootImage: ...  # the role's own where it is built, else the one for all

    def roles(self) -> tuple[str, ...]: ...  # those that have an image of their own

    def check(self, kind: str, role: str = "", packages: tuple[str, ...] = ()) -> None:
        """See that an image is built, and as it would be now. Raises OutsideError."""


@dataclass(frozen=True)
class Issued:
    """A certificate or a chain of them, and the key of the first, each in PEM. The key never appears in repr."""

    pem: str
    key: str = field(repr=False)


class Issuer(Protocol):
    """Makes keys, and certificates of them. Times are seconds since the epoch."""

    def authority(self, name: str, now: float, days: int) -> tuple[Issued, Issued]: ...  # a root, and an intermediate of it

    def issue(
        self, by: Issued, names: tuple[str, ...], now: float, days: int
    ) -> Issued: ...  # its chain; raises OutsideError


class Sealer(Protocol):
    """Encrypts what must be kept secret at rest; the key lives outside the database."""

    def seal(self, clear: str) -> str: ...

    def open(self, sealed: str) -> str: ...


@dataclass(frozen=True)
class Thing:
    """Something in a cloud. `state` is making, ready or broken; `facts` are what its kind has to say: see `Cloud`."""

    id: str
    name: str
    state: str = "ready"
    facts: Mapping[str, Any] = field(default_factory=dict)


class CloudRefused(OutsideError):
    """A cloud understood, and did not want or cannot: another try would end as this one did."""


class Cloud(Protocol):
    """The services of one cloud, asked by its administrator through its front. Each verb may be repeated and raises
    OutsideError, CloudRefused where another try is in vain.

    Kinds are image, flavor, network, subnet, group, router, port, server and floating (an address); facts of a port are
    `addresses`, of a server `host` and `fault`, of a floating address `address`. `make` makes what is not there by that
    name, and finishes what was begun; `wanted` is what its kind needs, with ids of others.
    """

    def endpoints(self) -> Mapping[str, str]: ...  # public URL by type of service, in its region; signs in

    def answers(self, url: str) -> None: ...  # by TLS, whatever it says

    def services(self) -> Mapping[str, str]: ...  # why it takes no server, by host with a compute service; '' when it does

    def outside(self) -> str: ...  # the id of a network that leads out of the cloud; '' where there is none

    def find(self, kind: str, beginning: str) -> list[Thing]: ...  # whose names begin so, whoever has them

    def make(self, kind: str, name: str, wanted: Mapping[str, Any]) -> Thing: ...

    def look(self, kind: str, id: str) -> Thing | None: ...

    def drop(self, kind: str, id: str) -> None: ...  # it may stay for a while; nothing when it is gone

    def log(self, server: str) -> str: ...  # what it wrote on its console

    def console(self, server: str) -> str: ...  # where its console is shown, without the key to it

    def ping(self, address: str) -> bool: ...  # whether this host has an answer; raises OutsideError without a way there


class Clouds(Protocol):
    """The way to clouds."""

    def open(self, access: Access) -> Cloud: ...  # asks nobody


class UnknownClouds:
    """Fulfils Clouds where there is no way to one."""

    def open(self, access: Access) -> Cloud:
        raise OutsideError(
            f"the cloud of {access.cluster} cannot be asked",
            "this appliance was started without a way to clouds",
            "Ask again where the appliance's worker runs",
        )


@dataclass(frozen=True)
class GuestParts:
    """What the guest of a check is made of: either a kernel, an initrd and the program that is started in it, which tells on
    its console how it fares; or a `disk` (a path) that boots by itself, in `format`, and tells nothing.

    A server of it has a disk of `disk_gib`.
    """

    kernel: bytes = field(default=b"", repr=False)
    initrd: bytes = field(default=b"", repr=False)
    init: bytes = field(default=b"", repr=False)
    disk: str = ""
    format: str = ""
    disk_gib: int = 1


class Guests(Protocol):
    """Where the guest of a check comes from."""

    def parts(self) -> GuestParts: ...  # raises OutsideError


class NoGuests:
    """Fulfils Guests where there is none."""

    def parts(self) -> GuestParts:
        raise OutsideError("there is no guest", "this appliance was started without images", "Start it with some")


class Host(Protocol):
    """The appliance's own host. The loaders are asked for as a machine would; each raises OutsideError."""

    def loaders(self, server: str, names: list[str]) -> None: ...

    def expiries(self) -> dict[str, float]: ...  # by certificate, in seconds since the epoch

    def disk(self) -> tuple[int, int]: ...  # bytes that are free, and all, where the state is

    def clock(self) -> None: ...

    def schema(self) -> tuple[str, str]: ...  # the revision of the database, and that of this program


class UnknownHost:
    """Fulfils Host where nobody can look at it: every answer is that it is not known."""

    def _unknown(self, what: str) -> OutsideError:
        return OutsideError(
            f"the {what} cannot be told",
            "this appliance was started without a look at its host",
            "Run `oci-admin check` on the appliance",
        )

    def loaders(self, server: str, names: list[str]) -> None:
        raise self._unknown("loaders")

    def expiries(self) -> dict[str, float]:
        raise self._unknown("certificates' end")

    def disk(self) -> tuple[int, int]:
        raise self._unknown("free space")

    def clock(self) -> None:
        raise self._unknown("clock's state")

    def schema(self) -> tuple[str, str]:
        raise self._unknown("schema's revision")


class Clock(Protocol):
    """Seconds since the epoch."""

    def __call__(self) -> float: ...


@dataclass(frozen=True)
class RootImage:
    """The root file system that machines stream: file name under /images, SHA-256, bytes compressed."""

    name: str
    sha256: str
    bytes: int
