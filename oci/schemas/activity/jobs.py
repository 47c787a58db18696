"""Background work, as it crosses the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.activity.jobs import JOB_STATES
from oci.schemas import looks
from oci.schemas.choice import OneOf, Word
from oci.schemas.words import PLAIN_OR_EMPTY, Strict


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
