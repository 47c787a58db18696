"""What people may know of the secrets and certificates of a cluster: that they are, never what they are."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db.tables import Certificate, Machine, Secret
from oci.domain.cloud.secrets import kind_of
from oci.records.clusters.changes import clusters
from oci.schemas.cloud.declarations import SecretList, SecretOut
from oci.services.usecase import usecase


@usecase("cluster.secrets", "operator", reads=True)
def list_secrets(ctx: Ctx, name: str) -> SecretList:
    """The secrets and certificates of a cluster by name, with their age. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    secrets = ctx.db.scalars(select(Secret).where(Secret.cluster_id == cluster.id).order_by(Secret.name))
    found = [SecretOut(name=row.name, kind=kind_of(row.name).look, made=row.made) for row in secrets]
    query = (
        select(Certificate, Machine.name)
        .outerjoin(Machine, Machine.id == Certificate.machine_id)
        .where(Certificate.cluster_id == cluster.id)
        .order_by(Certificate.name, Certificate.machine_id)
    )
    found += [
        SecretOut(
            name=f"certificate {row.name}",
            kind=f"for {', '.join(map(str, row.names))}",
            machine=machine or "",
            made=row.made,
            until=row.until,
        )
        for row, machine in ctx.db.execute(query)
    ]
    return SecretList(secrets=found)
