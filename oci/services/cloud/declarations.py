"""A cluster as one document: applied, and exported as it is."""

from __future__ import annotations

from collections.abc import Sequence

from oci.context import Ctx
from oci.domain.quantities import counted
from oci.problems import Mistaken
from oci.records.cloud import declared, exported
from oci.records.clusters.changes import clusters
from oci.schemas.cloud import declaration
from oci.schemas.cloud.declarations import ApplyIn, ApplyOut, DocumentOut
from oci.schemas.cloud.document import Mistake
from oci.services.usecase import usecase


def _refuse(mistakes: Sequence[Mistake]) -> None:
    """Raise Mistaken when there are any."""
    if mistakes:
        text = f"the document has {counted(len(mistakes), 'mistake')}, so nothing was changed; the first: {mistakes[0]}"
        raise Mistaken(text, [(one.line, one.where, one.text) for one in mistakes])


@usecase("cluster.apply", "operator")
def apply(ctx: Ctx, order: ApplyIn) -> ApplyOut:
    """Make a cluster as its document says, or change it to that. Raises Mistaken with every mistake in it, by line; then
    nothing is changed. A dry run says what would be, and changes nothing."""
    read = declaration.declared(order.document)
    _refuse(read.mistakes)
    assert read.declaration is not None
    with ctx.db.begin_nested() as whole:
        run = declared.apply(ctx, read.declaration, read.document)
        _refuse(run.mistakes)
        changes = ctx.told
        if order.dry_run:
            whole.rollback()
            ctx.forget_all()
        elif changes:
            ctx.event(
                "cluster.applied",
                f"the document of {run.found.name} was applied: {counted(len(changes), 'change')}",
                cluster=run.found,
            )
    return ApplyOut(cluster=read.declaration.cluster, dry_run=order.dry_run, changes=changes)


@usecase("cluster.export", "viewer", reads=True)
def export(ctx: Ctx, name: str) -> DocumentOut:
    """The document that declares the cluster as it is; applied again it changes nothing. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    return DocumentOut(cluster=cluster.name, document=exported.text(ctx, cluster))
