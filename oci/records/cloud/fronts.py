"""The front of a cluster's services, and the way in for its administrator."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db.tables import Cluster, Secret
from oci.domain.cloud.access import PASSWORD, Access
from oci.domain.cluster.fleet import Fleet
from oci.domain.cluster.profiles import BadProfile
from oci.problems import Conflict
from oci.records.clusters import fleets
from oci.render.puppet.profiles.cloud import front
from oci.render.puppet.profiles.ground.haproxy import WAYS

IDENTITY, DASHBOARD = WAYS["keystone"], WAYS["horizon"]


def _password(ctx: Ctx, cluster: Cluster, fleet: Fleet) -> str:
    sealed = ctx.db.scalar(select(Secret.value).where(Secret.cluster_id == cluster.id, Secret.name == PASSWORD))
    if not fleet.with_profile(IDENTITY.profile):
        raise Conflict(
            f"no machine of the cluster {cluster.name} has the profile {IDENTITY.profile}, so nobody can sign in to it; "
            "assign a machine to a role that has it, and deploy the cluster"
        )
    if sealed is None:
        raise Conflict(
            f"the cluster {cluster.name} has no administrator yet: the password is made when Puppet asks for it first; "
            "deploy the cluster, then ask again"
        )
    return ctx.outside.sealer.open(sealed)


def snapshot(ctx: Ctx, cluster: Cluster) -> Fleet:
    """What is wanted of the cluster. Raises Unavailable."""
    return fleets.fleet(ctx, cluster.id, cluster.revision)


def access(ctx: Ctx, cluster: Cluster) -> Access:
    """The way in for the cluster's administrator, password and all.

    Raises Conflict for a cluster without a virtual address called api and for one that was never deployed.
    """
    fleet = snapshot(ctx, cluster)
    try:
        vip = front(fleet)[0]
    except BadProfile as missing:
        raise Conflict(str(missing)) from None
    url = f"https://{vip.fqdn}"
    return Access(
        cluster=cluster.name,
        name=vip.fqdn,
        address=vip.address,
        region=str(fleet.settings.cluster.get("region", fleet.site.region)),
        auth_url=f"{url}{IDENTITY.path}",
        dashboard=f"{url}{DASHBOARD.path}/",
        ca=fleet.root,
        password=_password(ctx, cluster, fleet),
    )
