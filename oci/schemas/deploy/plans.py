"""Plans, as they cross the border: what will happen to a cluster, before it does."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.deploy.plans import DIGEST, KINDS
from oci.schemas import looks
from oci.schemas.choice import Word
from oci.schemas.words import Strict

APPROVED = DIGEST.pattern


class PlanIn(Strict):
    """Which plan."""

    every: bool = Field(False, description="have Puppet run on every machine that could, whether or not anything changes")


class PlanStep(BaseModel):
    """What is done to one machine."""

    machine: str
    role: str
    kind: Annotated[str, Word(KINDS)]
    wave: int
    why: str = Field(description="why it is in the plan")
    changes: list[str] = Field([], description="what Puppet is told otherwise, by class and parameter; secrets by name only")
    destroys: list[str] = Field([], description="what is lost for good")
    undo: str = Field("", description="how it is undone")
    seconds: float | None = Field(None, description="how long the like took before (median)", json_schema_extra=looks.SPAN)


class PlanWave(BaseModel):
    """Steps that go side by side, and what they wait for."""

    wave: int
    machines: int
    waits_for: str
    seconds: float | None = Field(None, json_schema_extra=looks.SPAN)


class PlanChange(BaseModel):
    """One change of what Puppet is told, and of how many machines."""

    text: str
    machines: list[str]


class PlanOut(BaseModel):
    """What will happen to a cluster when it is deployed: exactly that."""

    model_config = looks.PLAN

    cluster: str
    digest: str = Field(description="what the plan is approved by")
    summary: str = Field(description="the plan in one line")
    losing: list[str] = Field(description="machines that lose what is on their disks")
    seconds: float | None = Field(None, description="how long the like took before, in all", json_schema_extra=looks.SPAN)
    waves: list[PlanWave]
    changes: list[PlanChange] = Field(description="what Puppet is told otherwise, over all machines, the most common first")
    steps: list[PlanStep]
