"""Drift of machines and what is accepted of it, as it crosses the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.deploy.drift import ACCEPTANCES, MOST_DAYS, MOST_PROPERTY, MOST_TEXT
from oci.schemas import looks
from oci.schemas.choice import Word
from oci.schemas.words import NAME, NAME_OR_EMPTY, PLAIN, PLAIN_OR_EMPTY, Strict


class AcceptDriftIn(Strict):
    """Accept drift until a day."""

    name: str = Field(description="what it is called: lower-case letters, digits, hyphens", pattern=NAME)
    resource: str = Field(
        description="which resource, like File[/etc/motd]; * at an end of it stands for anything",
        min_length=1,
        max_length=MOST_TEXT,
        pattern=PLAIN,
    )
    property: str = Field(
        "", description="which property of it, like mode; empty: any", max_length=MOST_PROPERTY, pattern=PLAIN_OR_EMPTY
    )
    machine: str = Field(
        "", description="of this machine alone", max_length=255, pattern=PLAIN_OR_EMPTY, json_schema_extra=looks.MACHINE
    )
    role: str = Field(
        "",
        description="of machines of this role alone",
        pattern=NAME_OR_EMPTY,
        json_schema_extra=looks.named("role.list"),
    )
    reason: str = Field(description="why it is accepted", min_length=1, max_length=500, pattern=r"\S")
    days: int = Field(description="for how many days", ge=1, le=MOST_DAYS)


class RefuseDriftIn(Strict):
    """Accept some drift no longer."""

    name: str = Field(description="what it is called", pattern=NAME)


class DifferenceOut(BaseModel):
    """One property that is not as Puppet was told. A value that may be a secret, or is long, is told as `differs`."""

    resource: str
    property: str
    has: str = Field(description="what it is")
    should: str = Field(description="what it should be")
    place: str = Field("", description="file and line of the manifest")
    first_seen: float = Field(json_schema_extra=looks.TIME)
    last_seen: float = Field(json_schema_extra=looks.TIME)
    accepted: str = Field("", description="by which name it is accepted; empty: by none")


class MachineDrift(BaseModel):
    """What differed on a machine at its last look from what Puppet was told."""

    model_config = looks.MACHINE_DRIFT

    machine: str
    cluster: str = ""
    looked: float | None = Field(None, description="when it was looked at", json_schema_extra=looks.TIME)
    asked: float | None = Field(None, description="when a look was ordered last", json_schema_extra=looks.TIME)
    ordered: bool = Field(False, description="whether a look stands that it has not taken or ended yet")
    corrected: bool = Field(False, description="whether Puppet has converged since, and may have put this right")
    trouble: str = Field("", description="why the last look told nothing, or not all")
    more: int = Field(0, description="differences beyond those that are kept")
    summary: str = Field(description="all that in one line")
    differences: list[DifferenceOut] = []


class DriftGroup(BaseModel):
    """One property of one resource, over the machines on which it differs."""

    resource: str
    property: str
    has: str = Field(description="what it is; `differs` where it is not the same on all")
    should: str = Field(description="what it should be; `differs` where it is not the same for all")
    place: str = ""
    count: int = Field(description="on how many machines")
    machines: list[str] = Field(description="the first of these machines by name")
    first_seen: float = Field(json_schema_extra=looks.TIME)
    last_seen: float = Field(json_schema_extra=looks.TIME)
    unaccepted: int = Field(description="on how many of them nobody accepted it")
    accepted: list[str] = Field([], description="the names by which it is accepted on the others")


class AcceptanceOut(BaseModel):
    """Drift that is accepted."""

    name: str
    state: Annotated[str, Word(ACCEPTANCES)] = Field(json_schema_extra=looks.toned(ACCEPTANCES))
    resource: str
    property: str = ""
    machine: str = ""
    role: str = ""
    reason: str
    by: str
    since: float = Field(json_schema_extra=looks.TIME)
    until: float = Field(json_schema_extra=looks.TIME)
    matches: int = Field(description="differences that it accepts now")


class ClusterDrift(BaseModel):
    """What differs on the machines of a cluster, and what of it is accepted."""

    model_config = looks.CLUSTER_DRIFT

    cluster: str
    machines: int = Field(description="active machines")
    looked: int = Field(description="how many of its machines were looked at")
    differing: int = Field(description="on how many something differs that nobody accepted")
    troubled: list[str] = Field([], description="the first machines whose last look told nothing, or not all")
    more: int = Field(0, description="differences that are not in the list")
    summary: str = Field(description="all that in one line")
    drift: list[DriftGroup] = []
    acceptances: list[AcceptanceOut] = []
