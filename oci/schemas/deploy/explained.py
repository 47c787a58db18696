"""What a parameter of a Puppet class is made of, as it crosses the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.deploy.explained import KINDS
from oci.schemas import looks
from oci.schemas.choice import Word
from oci.schemas.words import PLAIN, Strict


class ExplainQuery(Strict):
    """Which parameter."""

    parameter: str = Field(
        description="its class and name as in the classification, like profile::nova::common::cloud, or a part of it, like "
        "profile::nova::common::cloud.region",
        min_length=1,
        max_length=512,
        pattern=PLAIN,
    )


class FactOut(BaseModel):
    """One thing that a parameter is made of."""

    kind: Annotated[str, Word(KINDS)] = Field(description="what it is")
    name: str
    value: str = Field(description="what it is now, in words; of a secret ***")
    origin: str = Field("", description="who says so: of a setting the scope, of what the site says the configuration")
    by: str = Field("", description="who set it there; empty where it is not stored")
    at: float | None = Field(
        None, description="when it was set, or made, in seconds since the epoch", json_schema_extra=looks.TIME
    )
    revision: int | None = Field(None, description="the revision of the cluster that it came with")


class ExplainedOut(BaseModel):
    """A parameter that Puppet is given for a machine, and what it is made of."""

    model_config = looks.EXPLAINED

    machine: str
    parameter: str
    profile: str = Field(description="the class that is given it")
    value: str = Field(description="its value as JSON, with *** for each secret")
    facts: list[FactOut] = Field(description="what changes it when it is otherwise")
    needs: list[FactOut] = Field(description="without these the class could be given nothing at all")
    parts: list[str] = Field(description="the names of its parts, each of which can be asked for as well")
