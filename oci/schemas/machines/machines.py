"""Machines, as they cross the border. Names are those of the architecture's list of words."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from oci.domain.deploy.failure_rule import KINDS
from oci.domain.machines.lifecycle import STATES
from oci.domain.machines.power import ORDERS, SHOWN
from oci.domain.path.convergence import CONVERGENCE
from oci.domain.words import LABEL
from oci.schemas import looks
from oci.schemas.choice import OneOf, Word
from oci.schemas.words import HOST, MAC, PLAIN, PLAIN_OR_EMPTY, Strict


class Progress(BaseModel):
    """The install or wipe that runs, or ran last."""

    model_config = looks.PROGRESS

    kind: str = Field(description="install or wipe")
    attempt: int
    phase: str = Field(description="name of the phase reached")
    title: str = Field(description="the phase in words")
    doing: str = Field("", description="what the machine does now, in its own words")
    phase_percent: int
    percent: int = Field(description="percent of the whole work")
    started: float = Field(json_schema_extra=looks.TIME)
    finished: float | None = Field(None, json_schema_extra=looks.TIME)
    queue: int = Field(0, description="place in the queue of installs that wait for room; 0: it does not wait")
    outcome: str = Field(description="empty while it runs, then done, failed or aborted")


class HeldAddress(BaseModel):
    """An address of a machine."""

    network: str
    purpose: str
    address: str


class PromisedInterface(BaseModel):
    """An interface that an install makes."""

    name: str
    kind: str = Field(description="card, bond, vlan or bridge")
    mac: str = ""
    mtu: int
    on: str = Field("", description="the card or bond that a VLAN is made on")
    part_of: str = Field("", description="the bond or bridge that it is a part of")
    vlan: int = 0
    addresses: list[str] = Field(description="its addresses with their prefix length")
    networks: list[str] = Field(description="the networks that it carries itself")


class PromisedDisk(BaseModel):
    """A disk that an install writes."""

    name: str
    bytes: int = Field(json_schema_extra=looks.shown("GB"))


class CablingIn(Strict):
    """How a machine is cabled, where it is not as the rules would have it. What is left out goes by the rules."""

    cards: list[str] = Field([], description="card for a network: storage=eno2, by name, MAC or switch port", max_length=64)
    bonds: list[str] = Field(
        [], description="bond of cards: bond0=eno1,eno2 or bond0=eno1,eno2:active-backup", max_length=16
    )
    bridges: list[str] = Field([], description="bridge that has a network's address: external=br-ex", max_length=64)
    tagged: list[str] = Field([], description="network that keeps its tag whatever the switch told", max_length=64)
    default: str = Field("", description="network whose gateway leads everywhere", max_length=63, pattern=PLAIN_OR_EMPTY)


class PromiseOut(BaseModel):
    """What an install makes of a machine. Orders are made of this and of nothing else."""

    revision: int
    digest: str = Field(description="SHA-256 of it, which an install is ordered with")
    layout: str = Field("", description="how the disks are laid out; empty while none are chosen")
    interfaces: list[PromisedInterface]
    disks: list[PromisedDisk]
    cabling: CablingIn = Field(CablingIn(), description="what a person ordered of its cabling")
    wish: str = Field("", description="the same in one line")


class MachineOut(BaseModel):
    """One machine in a list."""

    id: int
    name: str
    state: Annotated[str, Word(STATES)] = Field(json_schema_extra=looks.toned(STATES))
    since: float = Field(description="when the state was entered, seconds since the epoch", json_schema_extra=looks.TIME)
    deadline: float | None = Field(None, json_schema_extra=looks.TIME)
    reason: str = ""
    power: Annotated[str, Word(SHOWN)] = Field(json_schema_extra=looks.toned(SHOWN))
    presence: str
    seen: float | None = Field(None, json_schema_extra=looks.TIME)
    convergence: Annotated[str, Word(CONVERGENCE)] = Field(
        description="what Puppet's last runs came to", json_schema_extra=looks.toned(CONVERGENCE)
    )
    vendor: str
    model: str
    serial: str
    uuid: str
    firmware: str
    memory_bytes: int = Field(json_schema_extra=looks.shown("GiB"))
    cores: int
    disk_bytes: int = Field(json_schema_extra=looks.shown("GB"))
    macs: list[str]
    cluster: str = ""
    role: str = ""
    hostname: str = ""
    fqdn: str = ""
    address: str = Field("", description="its address on the network that it is installed over")
    addresses: list[HeldAddress] = Field([], description="all its addresses, that of the provisioning network first")
    bmc_address: str = ""
    bmc_username: str = ""
    bmc_doubt: str = Field("", description="why the controller may be another machine's; empty: nothing says so")
    verbs: list[str] = Field(description="what a person can do with it now")
    progress: Progress | None = None


class MachineDetail(MachineOut):
    """One machine, with what its latest report said."""

    inventory: dict[str, Any] = Field(json_schema_extra=looks.shown("hidden"))
    missing_firmware: list[str] = Field(
        [], description="firmware that drivers asked for in vain, each with the Debian package that holds it"
    )
    problems: list[str] = Field([], description="what its latest report left open")
    disk: str = Field("", description="which disk an install would write and why, or why none; empty before a report")
    disk_device: str = Field(
        "", description="the kernel's name of the disk that an install would write; of several the first"
    )
    disk_devices: list[str] = Field([], description="the kernel's names of all disks that an install would write")
    wipe_devices: list[str] = Field([], description="the kernel's names of the disks that a release would wipe")
    wipe_left: str = Field("", description="the disks that a release could not wipe, and why; empty when it can wipe all")
    promise: PromiseOut | None = Field(None, description="what an install would make of it; none before it was assigned")
    promise_trouble: str = Field("", description="why nothing can be promised yet; empty when all is well")
    install_log: str = Field("", json_schema_extra=looks.shown("hidden"))


class MachineRef(BaseModel):
    """One machine in few words."""

    id: int
    name: str
    state: str
    macs: list[str]


class MachineList(BaseModel):
    model_config = looks.MACHINES

    machines: list[MachineOut]
    total: int


class AssignIn(Strict):
    """Promise a machine to a cluster."""

    cluster: str = Field(
        description="name of the cluster", max_length=63, pattern=PLAIN, json_schema_extra=looks.named("cluster.list")
    )
    role: str = Field(
        description="name of the role", max_length=63, pattern=PLAIN, json_schema_extra=looks.named("role.list")
    )
    hostname: str = Field("", description="short host name; empty: by the role's pattern", pattern=rf"^({LABEL})?$")
    address: str = Field("", description="address on the provisioning network; empty: the next free one", max_length=64)
    addresses: list[str] = Field(
        [], description="address on another network, as storage=10.2.0.11; those that are not named: the next free ones"
    )


class Handover(BaseModel):
    """What hands a machine with a system of its own to Puppet. It holds a token, and is given out once."""

    model_config = looks.HANDOVER

    machine: str
    archive: str = Field(
        description="base64 of a compressed tar archive: unpack it in / of the machine and start oci-firstboot there"
    )


class ReleaseIn(Strict):
    """Wipe a machine's disks and forget its promise."""

    confirm: str = Field(description="the machine's name, once more: its disks are going to be wiped", max_length=255)


class BmcIn(Strict):
    """How to reach a machine's management controller. The password is never shown again."""

    address: str = Field(description="address or name of the controller", pattern=HOST)
    username: str = Field(description="user name", min_length=1, max_length=64)
    password: str = Field(
        description="password; read from a file or asked for, never an argument",
        min_length=1,
        max_length=128,
        json_schema_extra={"format": "password"},
    )
    port: int = Field(623, description="UDP port", ge=1, le=65535)


class EnrolIn(Strict):
    """Make a machine known before its first boot."""

    mac: str = Field(description="MAC of the card that it boots from, with colons", pattern=MAC)
    bmc: BmcIn | None = Field(None, description="how its management controller is reached")


class MachineQuery(Strict):
    """Which machines to list."""

    state: Annotated[str, OneOf(["", *STATES])] = Field("", description="only machines in this state")
    search: str = Field(
        "", description="part of a name, serial, vendor, model, UUID or MAC", max_length=100, pattern=PLAIN_OR_EMPTY
    )
    convergence: Annotated[str, OneOf(["", *CONVERGENCE])] = Field("", description="only machines whose Puppet is so")
    limit: int = Field(200, description="most machines in the answer", ge=1, le=1000)
    offset: int = Field(0, description="how many to leave out at the start", ge=0, le=1_000_000)


class MachineName(BaseModel):
    """A machine in a path."""

    name: str = Field(
        description="id, name, host name, MAC or serial of the machine",
        min_length=1,
        max_length=255,
        pattern=PLAIN,
        json_schema_extra=looks.MACHINE,
    )


class PowerIn(Strict):
    """Switch a machine's power."""

    power: Annotated[str, OneOf(ORDERS)] = Field(description="what is done with it")


class Because(BaseModel):
    """Why a machine failed, as far as a line that it told says so."""

    kind: Annotated[str, Word(KINDS)] = Field(description=", ".join(KINDS))
    meaning: str = Field(description="what that kind means")
    line: str = Field(description="the line by which it was known; empty when nothing was told")
    advice: str = Field(description="what can be done about it")
    rule: str = Field(description="the rule that knew the line; empty when none did")
    page: str = Field(description="where in the documentation the failure is explained")


class Why(BaseModel):
    """Why a machine is where it is, and what can be done."""

    model_config = looks.WHY

    text: str
    verbs: list[str]
    because: Because | None = Field(None, description="why it failed; nothing where nothing did")
