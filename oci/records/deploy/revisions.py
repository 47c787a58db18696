"""Revisions of a cluster's declaration: kept with what an apply changed, and looked at. Shared by use cases; holds none
itself."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from oci.context import Ctx
from oci.db.tables import Cluster, Revision
from oci.domain.deploy import revisions as rules
from oci.domain.deploy.revisions import APPLIED, BY_VERBS
from oci.domain.levels import APPLIANCE
from oci.domain.quantities import counted
from oci.problems import Mistaken, NotFound
from oci.records.cloud import declared, exported
from oci.schemas.cloud import declaration
from oci.schemas.cloud.declarations import LONGEST_DOCUMENT
from oci.schemas.cloud.document import Mistake

NOW = "as it is now"
TOO_LARGE = f"it was longer than {LONGEST_DOCUMENT >> 10} KiB, so it was not kept"


@dataclass(frozen=True)
class Made:
    """What an apply came to: the cluster's name, its changes in words, and its revision; None where nothing changed."""

    cluster: str
    changes: list[str]
    number: int | None = None


@dataclass(frozen=True)
class Stand:
    """A cluster before an apply: its row and document, the newest revision, and whether other verbs changed it since."""

    cluster: Cluster | None = None
    document: str = ""
    newest: int = 0
    behind: bool = False

    @property
    def next(self) -> int:
        """The number of the revision that an apply makes."""
        return self.newest + 1 + self.behind


def _digest(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def newest(ctx: Ctx, cluster: Cluster) -> Revision | None:
    """The newest revision of the cluster."""
    query = select(Revision).where(Revision.cluster_id == cluster.id).order_by(Revision.number.desc())
    return ctx.db.scalar(query.limit(1))


def find(ctx: Ctx, cluster: Cluster, number: int) -> Revision:
    """The revision `number` of the cluster. Raises NotFound."""
    row = ctx.db.scalar(select(Revision).where(Revision.cluster_id == cluster.id, Revision.number == number))
    if row is None:
        raise NotFound(
            f"{cluster.name} has no revision {number}; `ocicli cluster revisions {cluster.name}` lists those that are kept"
        )
    return row


def before(ctx: Ctx, row: Revision) -> Revision | None:
    """The revision before it; None for the first one that is kept."""
    return ctx.db.scalar(select(Revision).where(Revision.cluster_id == row.cluster_id, Revision.number == row.number - 1))


def document(row: Revision) -> str:
    """The document of a revision; empty when it was too large to be kept."""
    return zlib.decompress(row.document).decode() if row.document else ""


def changes(row: Revision) -> list[str]:
    """What a revision changed, in words: of very many the first."""
    found: list[str] = json.loads(zlib.decompress(row.changes))
    return found


def since(ctx: Ctx, cluster: Cluster) -> str:
    """How much was changed since the newest revision, by other verbs than apply, in words; empty when nothing was."""
    last, now = newest(ctx, cluster), exported.text(ctx, cluster)
    if last is None or last.digest == _digest(now):
        return ""
    was = document(last)
    much = f" ({rules.extent(rules.difference(was, now))})" if was else ""
    return f"changed since revision {last.number} by other verbs{much}; the next apply keeps that as a revision of its own"


def _stand(ctx: Ctx, name: str) -> Stand:
    cluster = ctx.db.scalar(select(Cluster).where(Cluster.name == name))
    if cluster is None:
        return Stand()
    last, text = newest(ctx, cluster), exported.text(ctx, cluster)
    behind = last is None or last.digest != _digest(text)
    return Stand(cluster, text, last.number if last else 0, behind)


def _keep(ctx: Ctx, cluster: Cluster, kind: str, number: int, text: str, told: Sequence[str], **more: Any) -> None:
    encoded = text.encode()
    row = Revision(
        cluster_id=cluster.id,
        number=number,
        kind=kind,
        at=ctx.now(),
        by=APPLIANCE if kind == BY_VERBS else ctx.actor.name,
        digest=_digest(text),
        changed=len(told),
        document=zlib.compress(encoded) if len(encoded) <= LONGEST_DOCUMENT else b"",
        changes=zlib.compress(json.dumps(list(told[: rules.MOST_CHANGES])).encode()),
        **more,
    )
    ctx.db.add(row)
    ctx.db.flush()
    ctx.db.execute(delete(Revision).where(Revision.cluster_id == cluster.id, Revision.number <= number - rules.KEPT))


def _keep_what_verbs_did(ctx: Ctx, cluster: Cluster, stand: Stand) -> None:
    """Keep the cluster as it was just before an apply, when that is in no revision yet."""
    last = newest(ctx, cluster)
    was = document(last) if last else ""
    told = (
        rules.moved(rules.difference(was, stand.document))
        if was
        else ["how the cluster was; no revision before it has a document to compare with"]
    )
    _keep(ctx, cluster, BY_VERBS, stand.newest + 1, stand.document, told)


def refuse(mistakes: Sequence[Mistake]) -> None:
    """Raise Mistaken when there are any."""
    if mistakes:
        text = f"the document has {counted(len(mistakes), 'mistake')}, so nothing was changed; the first: {mistakes[0]}"
        raise Mistaken(text, [(one.line, one.where, one.text) for one in mistakes])


def apply(ctx: Ctx, text: str, note: str = "", back: int = 0) -> Made:
    """Make a cluster as the document `text` says, and keep that as a revision when it changes something, with a `note`, and
    as one that goes `back` to another. Raises Mistaken with every mistake in it; whoever calls this drops what was done."""
    read = declaration.declared(text)
    refuse(read.mistakes)
    assert read.declaration is not None
    stand = _stand(ctx, read.declaration.cluster)
    run = declared.apply(ctx, read.declaration, read.document, stand.next)
    refuse(run.mistakes)
    told = ctx.told
    if not told:
        return Made(run.found.name, told)
    if stand.behind:
        _keep_what_verbs_did(ctx, run.found, stand)
    _keep(ctx, run.found, APPLIED, stand.next, exported.text(ctx, run.found), told, note=note.strip(), back=back)
    done = f"{run.found.name} goes back to revision {back}" if back else f"the document of {run.found.name} was applied"
    more: dict[str, Any] = {"back": back} if back else {}
    words = f"{done}: {counted(len(told), 'change')}"
    ctx.event("cluster.applied", words, cluster=run.found, revision=stand.next, **more)
    return Made(run.found.name, told, stand.next)
