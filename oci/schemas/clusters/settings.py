"""Settings, as they cross the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.cluster.setting_types import TYPES
from oci.domain.cluster.settings import LONGEST, SETTINGS
from oci.schemas import looks
from oci.schemas.choice import OneOf, Word
from oci.schemas.words import PLAIN, PLAIN_OR_EMPTY, Strict

CLUSTER = Field(
    "", description="of this cluster", max_length=63, pattern=PLAIN_OR_EMPTY, json_schema_extra=looks.named("cluster.list")
)
ROLE = Field(
    "",
    description="of this role in the cluster",
    max_length=63,
    pattern=PLAIN_OR_EMPTY,
    json_schema_extra=looks.named("role.list"),
)
MACHINE = Field(
    "",
    description="of this machine, in whichever cluster it is",
    max_length=255,
    pattern=PLAIN_OR_EMPTY,
    json_schema_extra=looks.MACHINE,
)


class ScopeIn(Strict):
    """Where: a cluster, a role in a cluster, or a machine. None of them is the appliance's configuration."""

    cluster: str = CLUSTER
    role: str = ROLE
    machine: str = MACHINE


class SettingIn(Strict):
    """The value of a setting, and where it holds."""

    cluster: str = CLUSTER
    role: str = ROLE
    machine: str = MACHINE
    value: str | None = Field(
        None,
        description="the value; what has several parts has them separated by blanks; empty text: none",
        max_length=LONGEST,
    )
    secret: str = Field(
        "",
        description="the value of a setting that is a secret; read from a file, never an argument",
        max_length=LONGEST,
        json_schema_extra={"format": "password"},
    )


class SettingName(BaseModel):
    """A setting in a path."""

    name: Annotated[str, OneOf(SETTINGS)] = Field(
        description="name of the setting", pattern=PLAIN, json_schema_extra=looks.named("setting.list")
    )


class SettingOut(BaseModel):
    """One setting where it was asked for."""

    name: str
    value: str = Field(description="the value in force; of a secret ***, or nothing where there is none")
    origin: str = Field(description="who says so: a machine, a role, a cluster, the configuration, or the default")
    by: str = Field("", description="who set it there; empty where it is not stored")
    at: float | None = Field(None, description="when, in seconds since the epoch", json_schema_extra=looks.TIME)
    revision: int | None = Field(
        None, description="the revision of the cluster that it came with; none when it was set by itself"
    )
    here: bool = Field(description="whether it is set just where it was asked for")
    otherwise: str = Field(description="the value that is in force when it is not set here")
    otherwise_origin: str = Field(description="who says that")
    narrower: list[str] = Field(description="roles and machines inside that have a value of their own; of many the first")
    type: Annotated[str, Word(TYPES)] = Field(description="its type")
    meaning: str = Field(description="what it is")
    look: str = Field(description="what a value must look like")
    when: str = Field(description="when a change takes effect")
    secret: bool = Field(description="whether its value goes in and never out")


class SettingList(BaseModel):
    model_config = looks.SETTINGS

    scope: str = Field(description="where it was asked for, in words")
    settings: list[SettingOut]
