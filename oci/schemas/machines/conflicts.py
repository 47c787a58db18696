"""Questions about which machine is which, as they cross the border."""

from __future__ import annotations

from pydantic import BaseModel, Field

from oci.schemas import looks
from oci.schemas.words import PLAIN, Strict


class Suspect(BaseModel):
    """A machine that a report or boot may be."""

    id: int
    name: str
    agree: list[str] = Field(description="facts that it has in common with the record")
    differ: list[str] = Field(description="facts that speak against it")


class ConflictOut(BaseModel):
    """One question: which machine is this?"""

    id: int
    kind: str = Field(description="report, twice, boot, returns or refused")
    text: str
    opened: float = Field(description="seconds since the epoch", json_schema_extra=looks.TIME)
    seen: float = Field(description="when it was asked last, seconds since the epoch", json_schema_extra=looks.TIME)
    times: int = Field(description="how often it was asked")
    closed: float | None = Field(None, json_schema_extra=looks.TIME)
    outcome: str = Field(description="empty while it is open, then joined, split or closed")
    actor: str = Field(description="who answered it")
    machine: str = Field(description="the machine that it was answered with")
    macs: list[str]
    uuid: str
    serial: str
    bmc_mac: str
    vendor: str
    model: str
    machines: list[Suspect]
    verbs: list[str] = Field(description="what a person can do with it now")


class ConflictList(BaseModel):
    model_config = looks.CONFLICTS

    conflicts: list[ConflictOut]
    open: int = Field(description="how many are open")


class ConflictQuery(Strict):
    """Which questions to list."""

    all: bool = Field(False, description="also those that were answered, newest first")
    limit: int = Field(200, description="most conflicts in the answer", ge=1, le=1000)


class ConflictId(BaseModel):
    """A question in a path."""

    id: int = Field(description="number of the conflict", ge=1, le=2**31 - 1, json_schema_extra=looks.named("conflict.list"))


class JoinIn(Strict):
    """It is this machine."""

    machine: str = Field(
        description="id, name, MAC or serial of the machine that it is",
        min_length=1,
        max_length=255,
        pattern=PLAIN,
        json_schema_extra=looks.MACHINE,
    )


class MergeIn(Strict):
    """Two records are one machine."""

    other: str = Field(
        description="the record that is taken over and is gone then",
        min_length=1,
        max_length=255,
        pattern=PLAIN,
        json_schema_extra=looks.MACHINE,
    )
    confirm: str = Field(description="the name of that record, once more", max_length=255)


class SplitIn(Strict):
    """A fact proves nothing."""

    fact: str = Field(
        description="a MAC, UUID, serial or BMC MAC of the machine", min_length=1, max_length=128, pattern=PLAIN
    )
