"""Revisions of a cluster's declaration, as they cross the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.deploy.revisions import KEPT, KINDS
from oci.schemas import looks
from oci.schemas.choice import Word
from oci.schemas.cloud.declarations import NOTE
from oci.schemas.words import NAME, Strict

MOST = 2**31 - 1


class RevisionName(BaseModel):
    """A revision of a cluster in a path."""

    name: str = Field(
        description="name of the cluster", max_length=63, pattern=NAME, json_schema_extra=looks.named("cluster.list")
    )
    id: int = Field(description="number of the revision", ge=1, le=MOST)


class RevisionQuery(Strict):
    """Which revisions to list."""

    limit: int = Field(50, description="most revisions in the answer", ge=1, le=KEPT)
    before: int | None = Field(None, description="only those with a lower number", ge=1, le=MOST)


class CompareQuery(Strict):
    """With what a revision is compared."""

    to: int | None = Field(
        None,
        description="compare with this revision, or (0) with the cluster as it is now; else with the one before it",
        ge=0,
        le=MOST,
    )


class RevertIn(Strict):
    """Go back to a revision."""

    dry_run: bool = Field(False, description="say what would be changed, and change nothing")
    note: str = NOTE


class RevisionOut(BaseModel):
    """What a cluster was declared to be after a change."""

    id: int = Field(description="its number, from 1")
    kind: Annotated[str, Word(KINDS)] = Field(description="how it came to be")
    at: float = Field(description="when, in seconds since the epoch", json_schema_extra=looks.TIME)
    by: str = Field(description="who made it")
    note: str = Field("", description="why, as whoever made it said")
    changed: int = Field(description="how many changes it made")
    back: int | None = Field(None, description="the revision that it goes back to; none for most")


class RevisionList(BaseModel):
    model_config = looks.REVISIONS

    cluster: str
    revisions: list[RevisionOut]
    total: int = Field(description="how many are kept")
    since: str = Field("", description="how much other verbs changed since the newest one; empty when nothing")


class RevisionDetail(RevisionOut):
    """One revision: what it changed, how it differs from another, and its document."""

    cluster: str
    since: str = Field("", description="how much other verbs changed since the newest revision; empty when nothing")
    changes: list[str] = Field(
        description="what it changed, one sentence each; of very many the first", json_schema_extra=looks.shown("lines")
    )
    compared: str = Field(description="with what it is compared, or why it is with nothing")
    difference: str = Field(
        description="how it differs from that: - was there, + is in this revision; empty when in nothing",
        json_schema_extra=looks.shown("lines"),
    )
    document: str = Field(
        description="YAML that declares it; empty when it was too large to be kept", json_schema_extra=looks.shown("lines")
    )


class RevertOut(BaseModel):
    """What going back to a revision did, or would do."""

    model_config = looks.REVERTED

    cluster: str
    dry_run: bool = False
    back: int = Field(description="the revision that it goes back to")
    revision: int | None = Field(None, description="the revision that it made; none where nothing was changed")
    changes: list[str] = Field(description="what was changed, one sentence each; nothing when all was so already")
    left: list[str] = Field(description="what a document does not bring back, one sentence each")
