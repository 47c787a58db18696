"""Going back to a revision: its document is applied, and what a document cannot bring back is told. Shared by use cases."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db.tables import Assignment, Cluster, Machine
from oci.domain.deploy import revisions as rules
from oci.domain.quantities import counted
from oci.problems import Conflict
from oci.records.cloud import exported
from oci.records.deploy import revisions

NAMED = 10
"""Machines that are named one by one; of more it is told how many they are."""
SECRETS = "no revision holds a secret: settings that are secret, passwords and certificates stay as they are"


def _members(ctx: Ctx, cluster: Cluster) -> dict[int, str]:
    query = select(Machine.id, Machine.name).join(Assignment, Assignment.machine_id == Machine.id)
    return dict(ctx.db.execute(query.where(Assignment.cluster_id == cluster.id).order_by(Machine.id)).tuples().all())


def _come_back(names: list[str]) -> str:
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    return (
        f"{counted(len(names), 'machine')} have a role again, and what was on their disks before does not come back "
        f"(they are installed anew by `ocicli cluster deploy`): {shown}"
    )


def _left(ctx: Ctx, cluster: Cluster, number: int, wanted: str, before: dict[int, str]) -> list[str]:
    """What is not as it was, and no document brings back, one sentence each."""
    come = [name for machine, name in _members(ctx, cluster).items() if machine not in before]
    found = [_come_back(come)] if come else []
    differs = rules.extent(rules.difference(wanted, exported.text(ctx, cluster)))
    if differs:
        found.append(
            f"the document then is not quite that of revision {number} ({differs}), because no document takes away networks "
            f"that came since; `ocicli cluster revision {cluster.name} --id {number} --to 0` shows by what"
        )
    return [*found, SECRETS]


def revert(ctx: Ctx, cluster: Cluster, number: int, note: str) -> tuple[revisions.Made, list[str]]:
    """Apply the document of the revision `number` as a new one; what that changed, and what it does not bring back. Raises
    NotFound, Conflict when its document was not kept, and Mistaken as any apply; whoever calls this drops what was done."""
    wanted = revisions.document(revisions.find(ctx, cluster, number))
    if not wanted:
        raise Conflict(f"revision {number} of {cluster.name} has no document: {revisions.TOO_LARGE}; apply one of your own")
    before = _members(ctx, cluster)
    made = revisions.apply(ctx, wanted, note, back=number)
    return made, _left(ctx, cluster, number, wanted, before)
