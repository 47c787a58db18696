"""Clusters, networks, roles, events, jobs and people, as they cross the border."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from oci.domain.events import EVENTS
from oci.domain.jobs import JOB_STATES
from oci.domain.levels import LEVELS, PERSONAL
from oci.domain.networks import PURPOSES
from oci.domain.words import DNS_NAME, LABEL
from oci.schemas import looks
from oci.schemas.choice import OneOf, Word
from oci.schemas.machine import PLAIN, PLAIN_OR_EMPTY, Strict

NAME = rf"^{LABEL}$"
DOMAIN = rf"^{DNS_NAME}$"


class NetworkIn(Strict):
    """An IP network with a purpose."""

    name: str = Field(description="name of the network", pattern=NAME)
    purpose: Annotated[str, OneOf(PURPOSES)] = Field("provisioning", description="what it is for")
    cidr: str = Field(description="the network, like 10.0.0.0/24", max_length=64)
    first: str = Field(description="first address given to installed machines", max_length=64)
    last: str = Field(description="last address given to installed machines", max_length=64)
    gateway: str = Field("", description="default gateway; empty: none", max_length=64)
    dns: list[str] = Field([], description="DNS servers", max_length=4)


class NetworkOut(NetworkIn):
    used: int = Field(description="addresses given out")
    size: int = Field(description="addresses in the range")


class NetworkList(BaseModel):
    model_config = looks.NETWORKS

    networks: list[NetworkOut]


class ClusterIn(Strict):
    """A cluster: machines that form one deployment."""

    name: str = Field(description="name of the cluster", pattern=NAME)
    domain: str = Field(description="DNS domain of its machines", pattern=DOMAIN, max_length=190)
    network: str = Field(
        description="name of its provisioning network",
        max_length=63,
        pattern=PLAIN,
        json_schema_extra=looks.named("network.list"),
    )


class ClusterOut(ClusterIn):
    id: int
    machines: int = Field(description="machines assigned to it")


class ClusterList(BaseModel):
    model_config = looks.CLUSTERS

    clusters: list[ClusterOut]


class RoleOut(BaseModel):
    name: str
    title: str
    order: int
    needs: dict[str, int]
    profiles: list[str]


class RoleList(BaseModel):
    model_config = looks.ROLES

    roles: list[RoleOut]


class EventOut(BaseModel):
    id: int
    at: float = Field(description="seconds since the epoch", json_schema_extra=looks.TIME)
    kind: str
    machine_id: int | None = None
    machine: str = ""
    actor: str
    text: str
    data: dict[str, Any]


class EventList(BaseModel):
    model_config = looks.EVENTS

    events: list[EventOut]
    next: int = Field(description="pass as `after` to get what follows")


class EventQuery(Strict):
    """Which events to list. Without `after` and `before` the latest come, oldest of them first."""

    machine: str = Field(
        "",
        description="only events of this machine",
        max_length=255,
        pattern=PLAIN_OR_EMPTY,
        json_schema_extra=looks.MACHINE,
    )
    kind: Annotated[str, OneOf(["", *EVENTS])] = Field("", description="only events of this kind")
    after: int | None = Field(None, description="only events with a higher id, from there on", ge=0, le=2**53)
    before: int | None = Field(None, description="only events with a lower id", ge=0, le=2**53)
    limit: int = Field(100, description="most events in the answer", ge=1, le=1000)


class TimelineQuery(Strict):
    """Which part of a machine's events to list."""

    after: int = Field(0, description="only events with a higher id", ge=0, le=2**53)
    limit: int = Field(1000, description="most events in the answer", ge=1, le=1000)


class JobQuery(Strict):
    """Which jobs to list, newest first."""

    state: Annotated[str, OneOf(["", *JOB_STATES])] = Field("", description="only jobs in this state")
    machine: str = Field(
        "", description="only jobs of this machine", max_length=255, pattern=PLAIN_OR_EMPTY, json_schema_extra=looks.MACHINE
    )
    limit: int = Field(100, description="most jobs in the answer", ge=1, le=1000)


class JobOut(BaseModel):
    id: int
    kind: str
    state: Annotated[str, Word(JOB_STATES)] = Field(json_schema_extra=looks.toned(JOB_STATES))
    machine_id: int | None = None
    created: float = Field(json_schema_extra=looks.TIME)
    attempts: int
    error: str = ""
    order: str = Field("", description="what was ordered, by whom and why; empty for work that nobody ordered")
    result: str = Field("", description="how it ended")


class JobList(BaseModel):
    model_config = looks.JOBS

    jobs: list[JobOut]


class PersonIn(Strict):
    """Somebody who may sign in."""

    name: str = Field(description="sign-in name", pattern=r"^[a-z][a-z0-9._-]{0,63}$")
    level: Annotated[str, OneOf(PERSONAL)] = Field(description="what the person may do")
    password: str = Field(
        description="password, at least 10 characters",
        min_length=10,
        max_length=256,
        json_schema_extra={"format": "password"},
    )


class PasswordIn(Strict):
    """A new password."""

    password: str = Field(
        description="the new password, at least 10 characters",
        min_length=10,
        max_length=256,
        json_schema_extra={"format": "password"},
    )


class LevelIn(Strict):
    """A new level."""

    level: Annotated[str, OneOf(PERSONAL)] = Field(description="what the person may do")


class SignInIn(Strict):
    """Sign in as a program: the answer is a token."""

    name: str = Field(description="sign-in name", min_length=1, max_length=64, pattern=PLAIN)
    password: str = Field(description="password", min_length=1, max_length=256, json_schema_extra={"format": "password"})
    label: str = Field("ocicli", description="what the token is for", min_length=1, max_length=64, pattern=PLAIN)
    days: int = Field(30, description="days until the token expires", ge=1, le=3650)


class ClusterName(BaseModel):
    """A cluster in a path."""

    name: str = Field(
        description="name of the cluster",
        min_length=1,
        max_length=63,
        pattern=PLAIN,
        json_schema_extra=looks.named("cluster.list"),
    )


class PersonName(BaseModel):
    """A person in a path."""

    name: str = Field(
        description="sign-in name", min_length=1, max_length=64, pattern=PLAIN, json_schema_extra=looks.named("person.list")
    )


class TokenId(BaseModel):
    """A token in a path."""

    id: int = Field(description="number of the token", ge=1, le=2**31 - 1, json_schema_extra=looks.named("token.list"))


class PersonOut(BaseModel):
    name: str
    level: Annotated[str, Word(PERSONAL)]
    disabled: bool


class PersonList(BaseModel):
    model_config = looks.PEOPLE

    people: list[PersonOut]


class TokenIn(Strict):
    """A token for programs, with the level of the person who makes it."""

    name: str = Field(description="what it is for", min_length=1, max_length=64, pattern=PLAIN)
    days: int = Field(90, description="days until it expires", ge=1, le=3650)


class TokenOut(BaseModel):
    id: int
    name: str
    person: str
    expires: float | None = Field(json_schema_extra=looks.TIME)


class TokenMade(TokenOut):
    token: str = Field(description="the token itself, shown this once")


class TokenList(BaseModel):
    model_config = looks.TOKENS

    tokens: list[TokenOut]


class Me(BaseModel):
    name: str
    level: Annotated[str, Word(LEVELS)]


class ErrorOut(BaseModel):
    """The one shape of every error."""

    error: str = Field(description="short stable word for programs")
    message: str = Field(description="what happened, why, and what can be done instead")
    id: str = Field("", description="to be found again in the log")
