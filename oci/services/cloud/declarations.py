"""A cluster as one document: applied, and exported as it is."""

from __future__ import annotations

from oci.context import Ctx
from oci.records.cloud import exported
from oci.records.clusters.changes import clusters
from oci.records.deploy import revisions
from oci.schemas.cloud.declarations import ApplyIn, ApplyOut, DocumentOut
from oci.services.usecase import usecase


@usecase("cluster.apply", "operator")
def apply(ctx: Ctx, order: ApplyIn) -> ApplyOut:
    """Make a cluster as its document says, or change it to that, and keep that as a revision. Raises Mistaken with every
    mistake in it, by line; then nothing is changed. A dry run says what would be, and changes nothing."""
    with ctx.db.begin_nested() as whole:
        made = revisions.apply(ctx, order.document, order.note)
        if order.dry_run:
            whole.rollback()
            ctx.forget_all()
    revision = None if order.dry_run else made.number
    return ApplyOut(cluster=made.cluster, dry_run=order.dry_run, changes=made.changes, revision=revision)


@usecase("cluster.export", "viewer", reads=True)
def export(ctx: Ctx, name: str) -> DocumentOut:
    """The document that declares the cluster as it is; applied again it changes nothing. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    return DocumentOut(cluster=cluster.name, document=exported.text(ctx, cluster))
