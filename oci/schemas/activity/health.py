"""The appliance's own health, as it crosses a border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.activity.health import STATES
from oci.schemas import looks
from oci.schemas.choice import Word


class CheckOut(BaseModel):
    """One finding."""

    name: str
    state: Annotated[str, Word(STATES)] = Field(description="ok, warn or bad", json_schema_extra=looks.toned(STATES))
    what: str = Field(description="what was found")
    why: str = Field(description="why it matters, or what is behind it; empty when all is well")
    instead: str = Field(description="what can be done; empty when all is well")


class HealthOut(BaseModel):
    """Every check of the appliance, the worst first."""

    model_config = looks.CHECKS

    state: Annotated[str, Word(STATES)] = Field(description="the worst state of all checks: ok, warn or bad")
    checks: list[CheckOut]
