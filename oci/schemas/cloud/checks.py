"""Proofs of a cloud, as they cross the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.cloud import proof
from oci.schemas import looks
from oci.schemas.choice import Word
from oci.schemas.clusters.clusters import ClusterName
from oci.schemas.words import PLAIN, Strict

STATES = ("queued", "running", "passed", "failed")


class ProofIn(Strict):
    """What to prove."""

    compute: list[Annotated[str, Field(max_length=255, pattern=PLAIN)]] = Field(
        default_factory=list,
        description="compute to boot a server on, by its name; may be given again; without it, every one of the cluster",
        max_length=1000,
    )
    outside: bool = Field(
        True,
        description="have this appliance ask the servers at an address outside of the cloud, where it has a network that "
        "leads out; --no-outside where this appliance has no way there",
    )


class ProofName(ClusterName):
    """One proof of one cluster."""

    id: int = Field(description="number of the check", ge=1, le=2**31 - 1)


class ProofStep(BaseModel):
    """One step of a proof."""

    step: str
    title: str
    compute: str = Field("", description="the compute that it is about; empty: the cloud")
    state: Annotated[str, Word(proof.STATES)] = Field(json_schema_extra=looks.toned(proof.STATES))
    why: str = Field("", description="what was seen, why it failed, or why it was left out")
    seconds: float = Field(0, description="how long it took")


class ProofHead(BaseModel):
    """A proof without its steps."""

    id: int
    cluster: str
    state: Annotated[str, Word(STATES)] = Field(json_schema_extra=looks.toned(STATES))
    by: str = Field(description="who ordered it")
    ordered: float = Field(json_schema_extra=looks.TIME)
    started: float | None = Field(None, json_schema_extra=looks.TIME)
    finished: float | None = Field(None, json_schema_extra=looks.TIME)
    computes: list[str]
    text: str = Field("", description="how it ended, and what was not checked")
    doing: str = Field("", description="what goes on")
    percent: int = 0


class ProofOut(ProofHead):
    """A proof with its steps."""

    model_config = looks.CLOUD_CHECK

    steps: list[ProofStep]


class ProofList(BaseModel):
    """The last proofs of a cluster."""

    model_config = looks.CLOUD_CHECKS

    checks: list[ProofHead]
