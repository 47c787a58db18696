"""The way in to a cloud: given to who may have it, and told in an event."""

from __future__ import annotations

from oci.context import Ctx
from oci.records.cloud import fronts
from oci.records.clusters.changes import clusters
from oci.render.clients.clouds import CA_FILE, clouds
from oci.schemas.cloud.credentials import CredentialsIn, CredentialsOut
from oci.services.usecase import usecase


@usecase("cluster.credentials", "operator")
def give(ctx: Ctx, name: str, order: CredentialsIn) -> CredentialsOut:
    """What the administrator of a cluster's cloud needs to use it. An event says who asked.

    Raises NotFound, and Conflict for a cluster without a virtual address called api or one that was never deployed.
    """
    cluster = clusters.find(ctx, name)
    access = fronts.access(ctx, cluster)
    ca = f"{order.directory.rstrip('/')}/{CA_FILE}" if order.directory else CA_FILE
    ctx.event(
        "credentials.given",
        f"{ctx.actor.name} was given the password of {access.username} in the cloud of the cluster {cluster.name}",
        cluster=cluster,
    )
    return CredentialsOut(
        cluster=cluster.name,
        auth_url=access.auth_url,
        dashboard=access.dashboard,
        username=access.username,
        project=access.project,
        region=access.region,
        clouds=clouds(access, ca),
        ca=access.ca,
    )
