"""Clusters, as they cross the border."""

from __future__ import annotations

from pydantic import BaseModel, Field

from oci.schemas import looks
from oci.schemas.words import DOMAIN, NAME, PLAIN, Strict


class ClusterIn(Strict):
    """A cluster: machines that form one deployment."""

    name: str = Field(description="name of the cluster", pattern=NAME)
    domain: str = Field(description="DNS domain of its machines", pattern=DOMAIN, max_length=190)
    network: str = Field(
        description="name of its provisioning network",
        max_length=63,
        pattern=PLAIN,
        json_schema_extra=looks.named("network.list"),
    )


class ClusterOut(ClusterIn):
    id: int
    machines: int = Field(description="machines assigned to it")


class ClusterList(BaseModel):
    model_config = looks.CLUSTERS

    clusters: list[ClusterOut]


class ClusterName(BaseModel):
    """A cluster in a path."""

    name: str = Field(
        description="name of the cluster",
        min_length=1,
        max_length=63,
        pattern=PLAIN,
        json_schema_extra=looks.named("cluster.list"),
    )
