"""What Puppet is told of a machine, and what it said of its runs."""

from __future__ import annotations

from pydantic import BaseModel, Field

from oci.schemas import looks


class RunOut(BaseModel):
    """One Puppet run that ended."""

    at: float = Field(description="when its report came, seconds since the epoch", json_schema_extra=looks.TIME)
    status: str = Field(description="ok, changed, failed, cached or noop")
    text: str = Field(description="what came of it, in words")
    seconds: float | None = Field(None, description="how long it took, as the machine says")
    noop: bool = Field(description="run dry: nothing was applied")
    cached: bool = Field(description="an old catalogue was applied, because today's could not be had")
    metrics: dict[str, dict[str, float]] = Field(description="what the machine counted: resources, changes, events, time")


class RunList(BaseModel):
    model_config = looks.RUNS

    runs: list[RunOut]


class Classification(BaseModel):
    """What the Puppet server is told of a machine; *** stands for each secret."""

    machine: str
    revision: int = Field(description="revision of the cluster that it was made from; it grows with each change of it")
    parameters: list[str] = Field(
        [],
        description="the name of each parameter in it, which machine.explain takes",
        json_schema_extra=looks.shown("hidden"),
    )
    text: str = Field(description="the classification as YAML", json_schema_extra=looks.shown("lines"))
    pending: list[str] = Field(
        [], description="what the next plan of its cluster changes of it; Puppet is told that once it is approved"
    )
