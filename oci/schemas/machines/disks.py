"""Disks of a machine, as they cross the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.hardware import VERDICTS
from oci.schemas import looks
from oci.schemas.choice import Word
from oci.schemas.words import PLAIN_OR_EMPTY, Strict


class DiskOut(BaseModel):
    """One disk, with what may be done with it."""

    name: str = Field(description="the name that orders mean it by: wwn:, serial: or path:; empty when it has none")
    device: str = Field(description="the kernel's name in the latest report")
    bytes: int = Field(json_schema_extra=looks.shown("GB"))
    model: str
    serial: str
    contents: str = Field(description="what is on it, in words; empty when nothing was found")
    verdict: Annotated[str, Word(VERDICTS)] = Field(description="a word of the reference page on the choice of a disk")
    reason: str = Field(description="the verdict in words")
    chosen: bool = Field(description="whether an install would write it")
    confirm: bool = Field(description="whether it must be confirmed by its name when a person chooses it")


class DiskList(BaseModel):
    """All disks of one machine, and the choice with its reason."""

    model_config = looks.DISKS

    disks: list[DiskOut]
    choice: str = Field(description="which disk an install would write and why, or why none")


class DiskIn(Strict):
    """Which disk installs write."""

    disk: str = Field(
        "",
        description="name of the disk (wwn:, serial: or path:); empty takes the choice back",
        max_length=300,
        pattern=PLAIN_OR_EMPTY,
    )
    confirm: str = Field(
        "", description="the disk's name once more, where it holds somebody's data: that is lost", max_length=300
    )
