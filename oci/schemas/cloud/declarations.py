"""Declarations and what is known of secrets, as they cross the border."""

from __future__ import annotations

from pydantic import BaseModel, Field

from oci.schemas import looks
from oci.schemas.words import PLAIN_OR_EMPTY, Strict

LONGEST_DOCUMENT = 1 << 19
NOTE = Field(
    "", description="why, in a line for those who look at the revision later", max_length=200, pattern=PLAIN_OR_EMPTY
)


class ApplyIn(Strict):
    """A cluster as one document."""

    document: str = Field(
        description="the declaration, in YAML",
        max_length=LONGEST_DOCUMENT,
        json_schema_extra={"x-file": True},
    )
    dry_run: bool = Field(False, description="say what would be changed, and change nothing")
    note: str = NOTE


class ApplyOut(BaseModel):
    """What an apply did, or would do."""

    model_config = looks.APPLIED

    cluster: str
    dry_run: bool = False
    changes: list[str] = Field(description="what was changed, one sentence each; nothing when all was so already")
    revision: int | None = Field(None, description="the revision that it made; none where nothing was changed")


class DocumentOut(BaseModel):
    """The declaration of a cluster as it is now."""

    model_config = looks.DOCUMENT

    cluster: str
    document: str = Field(description="YAML that declares it", json_schema_extra=looks.shown("lines"))


class SecretOut(BaseModel):
    """What anybody may know of a secret or a certificate: never its value."""

    name: str
    kind: str = Field(description="what it looks like, or whom a certificate is for")
    machine: str = Field("", description="the machine whose certificate it is; empty: the whole cluster's")
    made: float = Field(description="when it was made, in seconds since the epoch", json_schema_extra=looks.TIME)
    until: float | None = Field(None, description="when a certificate ends", json_schema_extra=looks.TIME)


class SecretList(BaseModel):
    model_config = looks.SECRETS

    secrets: list[SecretOut]
