"""The appliance's own health, as it crosses a border."""

from __future__ import annotations

from pydantic import BaseModel, Field


class CheckOut(BaseModel):
    """One finding."""

    name: str
    state: str = Field(description="ok, warn or bad")
    what: str = Field(description="what was found")
    why: str = Field(description="why it matters, or what is behind it; empty when all is well")
    instead: str = Field(description="what can be done; empty when all is well")


class HealthOut(BaseModel):
    """Every check of the appliance, the worst first."""

    state: str = Field(description="the worst state of all checks: ok, warn or bad")
    checks: list[CheckOut]
