"""Machines, as they cross the border. Names are those of the architecture's list of words."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

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
    address: str = ""
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


class Why(BaseModel):
    """Why a machine is where it is, and what can be done."""

    model_config = looks.WHY

    text: str
    verbs: list[str]
