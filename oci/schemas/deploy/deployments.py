"""Deployments, as they cross the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.deploy.deployments import DEPLOYMENTS, STEPS
from oci.domain.deploy.plans import KINDS
from oci.schemas import looks
from oci.schemas.choice import Word
from oci.schemas.deploy.plans import APPROVED
from oci.schemas.words import NAME, Strict


class DeployIn(Strict):
    """Carry out a plan."""

    plan: str = Field(description="digest of the plan that is approved", pattern=f"^{APPROVED}$", max_length=12)


class WhyIn(Strict):
    """Why it is done."""

    reason: str = Field("", description="why, for those who come after", max_length=300)


class StepIn(Strict):
    """Which machine of the deployment."""

    machine: str = Field(description="name of the machine", min_length=1, max_length=255, json_schema_extra=looks.MACHINE)


class SkipIn(StepIn):
    """Which machine of the deployment is left out, and why."""

    reason: str = Field(description="why, for those who come after", min_length=1, max_length=300)


class DeploymentName(BaseModel):
    """A deployment of a cluster in a path."""

    name: str = Field(
        description="name of the cluster", max_length=63, pattern=NAME, json_schema_extra=looks.named("cluster.list")
    )
    id: int = Field(description="number of the deployment", ge=1, le=2**31 - 1)


class StepCheck(BaseModel):
    """What a check of a machine's profiles says."""

    name: str
    ok: bool
    reason: str = Field("", description="why it is not well; empty where it is, and where nothing is known yet")


class StepOut(BaseModel):
    """One machine in a deployment."""

    machine: str
    role: str = ""
    wave: int
    state: Annotated[str, Word(STEPS)] = Field(json_schema_extra=looks.toned(STEPS))
    kind: Annotated[str, Word(KINDS)] = Field(description="what was approved for it")
    why: str = Field("", description="why it is in the plan")
    since: float | None = Field(None, description="when its wave began", json_schema_extra=looks.TIME)
    installed: float | None = Field(None, description="when it was active after an install", json_schema_extra=looks.TIME)
    converged: float | None = Field(None, description="when Puppet had converged", json_schema_extra=looks.TIME)
    ended: float | None = Field(None, json_schema_extra=looks.TIME)
    expected: float | None = Field(None, description="how long the like took before (median)", json_schema_extra=looks.SPAN)
    destroys: list[str] = Field([], description="what was approved to be lost")
    percent: int = Field(description="how far it is, as a bar is drawn")
    reason: str = Field("", description="why it is not further")
    failure: str = Field("", description="what kind of failure it was, where it failed")
    evidence: str = Field("", description="the line that says so")
    page: str = Field("", description="where the documentation explains it")
    doing: str = Field("", description="what the machine does now, in its own words")
    checks: list[StepCheck] = Field([], description="its checks as they were told last in this deployment")


class DeploymentOut(BaseModel):
    """A plan that is carried out, wave by wave."""

    model_config = looks.DEPLOYMENT

    id: int
    cluster: str
    state: Annotated[str, Word(DEPLOYMENTS)] = Field(json_schema_extra=looks.toned(DEPLOYMENTS))
    wave: int = Field(description="the wave that runs, or ran last, from 1")
    waves: int
    percent: int = Field(description="percent of its machines that have come to an end, and of those under way their part")
    since: float = Field(description="when it began", json_schema_extra=looks.TIME)
    deadline: float | None = Field(
        None, description="when it is paused unless something moves", json_schema_extra=looks.TIME
    )
    ended: float | None = Field(None, json_schema_extra=looks.TIME)
    reason: str = Field("", description="why it ended as it did")
    by: str = Field(description="who approved it")
    plan: str = Field("", description="digest of the plan that is carried out")
    left: float | None = Field(
        None, description="what is likely left (seconds); nothing where that is not known", json_schema_extra=looks.SPAN
    )
    critical: list[str] = Field([], description="the machines that it waits for longest, one of each wave")
    now: str = Field("", description="what its machines are at, in one line")
    steps: list[StepOut] = Field([], description="its machines by wave; left out in a list")


class DeploymentList(BaseModel):
    model_config = looks.DEPLOYMENTS

    deployments: list[DeploymentOut]
