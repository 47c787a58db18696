"""Revisions of a cluster's declaration: listed, compared, and gone back to."""

from __future__ import annotations

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db.tables import Cluster, Revision
from oci.domain.deploy import revisions as rules
from oci.records.cloud import exported
from oci.records.clusters.changes import clusters
from oci.records.deploy import reverts
from oci.records.deploy import revisions as records
from oci.schemas.deploy.revisions import (
    CompareQuery,
    RevertIn,
    RevertOut,
    RevisionDetail,
    RevisionList,
    RevisionOut,
    RevisionQuery,
)
from oci.services.usecase import usecase


def _out(row: Revision) -> RevisionOut:
    return RevisionOut(
        id=row.number, kind=row.kind, at=row.at, by=row.by, note=row.note, changed=row.changed, back=row.back or None
    )


@usecase("cluster.revisions", "viewer", reads=True)
def list_revisions(ctx: Ctx, name: str, query: RevisionQuery) -> RevisionList:
    """The revisions of a cluster, newest first, and whether it was changed since by other verbs. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    rows = select(Revision).where(Revision.cluster_id == cluster.id).order_by(Revision.number.desc())
    rows = rows.where(Revision.number < query.before) if query.before else rows
    return RevisionList(
        cluster=cluster.name,
        revisions=[_out(row) for row in ctx.db.scalars(rows.limit(query.limit))],
        total=ctx.db.scalar(select(func.count()).where(Revision.cluster_id == cluster.id)) or 0,
        since=records.since(ctx, cluster),
    )


def _other(ctx: Ctx, cluster: Cluster, row: Revision, to: int | None) -> tuple[str, str]:
    """What a revision is compared with: its name and its document. Raises NotFound."""
    if to == 0:
        return f"{cluster.name} {records.NOW}", exported.text(ctx, cluster)
    other = records.before(ctx, row) if to is None else records.find(ctx, cluster, to)
    return (f"revision {other.number}", records.document(other)) if other else ("", "")


def _compared(row: Revision, own: str, other: str, was: str) -> tuple[str, str]:
    """With what a revision is compared, in words, and the difference to that."""
    if not own:
        return f"with nothing: {records.TOO_LARGE}", ""
    if not other:
        return "with nothing: none before it is kept", "\n".join(
            rules.difference("", own, "nothing", f"revision {row.number}")
        )
    if not was:
        return f"with nothing, for {other} has no document: {records.TOO_LARGE}", ""
    lines = rules.difference(was, own, other, f"revision {row.number}")
    return f"with {other}" + ("" if lines else ", and there is no difference"), "\n".join(lines)


@usecase("cluster.revision", "viewer", reads=True)
def show_revision(ctx: Ctx, name: str, number: int, query: CompareQuery) -> RevisionDetail:
    """One revision: its document and changes, and how it differs from another. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    row = records.find(ctx, cluster, number)
    own = records.document(row)
    compared, difference = _compared(row, own, *_other(ctx, cluster, row, query.to))
    return RevisionDetail(
        **_out(row).model_dump(),
        cluster=cluster.name,
        since=records.since(ctx, cluster),
        changes=records.changes(row),
        compared=compared,
        difference=difference,
        document=own,
    )


@usecase("cluster.revert", "operator")
def revert(ctx: Ctx, name: str, number: int, order: RevertIn) -> RevertOut:
    """Apply the document of a revision as a new one. Raises NotFound, Conflict for one without a document, and Mistaken with
    all that cannot be so any more; then nothing is changed. A dry run says what would be, and changes nothing."""
    cluster = clusters.find(ctx, name)
    with ctx.db.begin_nested() as whole:
        made, left = reverts.revert(ctx, cluster, number, order.note)
        if order.dry_run:
            whole.rollback()
            ctx.forget_all()
    return RevertOut(
        cluster=made.cluster,
        dry_run=order.dry_run,
        back=number,
        revision=None if order.dry_run else made.number,
        changes=made.changes,
        left=left,
    )
