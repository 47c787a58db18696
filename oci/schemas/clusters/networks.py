"""Networks, as they cross the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.networks.networks import PURPOSES
from oci.schemas import looks
from oci.schemas.choice import OneOf
from oci.schemas.words import NAME, Strict


class NetworkIn(Strict):
    """An IP network with a purpose."""

    name: str = Field(description="name of the network", pattern=NAME)
    purpose: Annotated[str, OneOf(PURPOSES)] = Field("provisioning", description="what it is for")
    cidr: str = Field(description="the network, like 10.0.0.0/24", max_length=64)
    first: str = Field(description="first address given to installed machines", max_length=64)
    last: str = Field(description="last address given to installed machines", max_length=64)
    gateway: str = Field("", description="default gateway; empty: none", max_length=64)
    dns: list[str] = Field([], description="DNS servers", max_length=4)


class NetworkOut(NetworkIn):
    used: int = Field(description="addresses given out")
    size: int = Field(description="addresses in the range")


class NetworkList(BaseModel):
    model_config = looks.NETWORKS

    networks: list[NetworkOut]
