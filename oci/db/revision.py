"""The revision of a cluster: it grows in the same transaction as whatever the snapshot of the cluster reads.

Nobody has to think of it. The snapshot reads columns of SOURCES and no others (`columns`), and each session that
`oci.db.session` makes watches what it writes to them, row by row and by statements over many rows. What is written past a
session (Alembic, a shell on the database) is not seen: the processes that keep snapshots are started anew after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import ColumnElement, TableClause, or_, select, true, update
from sqlalchemy import inspect as look
from sqlalchemy.event import listen
from sqlalchemy.orm import InstrumentedAttribute, ORMExecuteState, Session, sessionmaker
from sqlalchemy.orm.attributes import instance_state

from oci.db.tables import Address, Assignment, Authority, Cluster, Machine, Network, Range, Setting, Table

SOURCES: dict[type[Table], tuple[str, ...]] = {
    Cluster: ("name", "domain", "network_id"),
    Network: ("name", "purpose", "cidr", "gateway", "dns", "vlan", "mtu", "cluster_id"),
    Range: ("network_id", "first", "last", "use"),
    Assignment: ("cluster_id", "machine_id", "role", "number", "hostname", "fqdn"),
    Address: ("machine_id", "network_id", "ip", "key", "vip", "cluster_id"),
    Machine: ("memory_bytes", "cores", "disk_last"),
    Setting: ("cluster_id", "role", "machine_id", "name", "value"),
    Authority: ("root",),
}
"""All that a snapshot may read, by table. Primary keys come along: who changes one makes another row."""

# Which columns of a changed row say whose snapshot it is in: those that name a cluster, and those that name a machine. A
# network may be in that of any cluster, and a setting is of a cluster or of a machine.
_BY_CLUSTER = {Cluster: "id", Assignment: "cluster_id", Setting: "cluster_id", Authority: "cluster_id"}
_BY_MACHINE = {Machine: "id", Setting: "machine_id"}
_GREW = "revision grew in this transaction"


def columns(table: type[Table]) -> list[InstrumentedAttribute[Any]]:
    """The columns of `table` that a snapshot may read, in the order of SOURCES."""
    return [getattr(table, name) for name in SOURCES[table]]


def grew(db: Session) -> bool:
    """Whether the running transaction let a revision grow: what it reads may yet be rolled back, and is kept by nobody."""
    return bool(db.info.get(_GREW))


def _owners(row: Table, owner: str) -> set[Any]:
    """The values that the column `owner` has, and had. None is among them when that is not known, or there is none."""
    history = look(row).attrs[owner].history
    return {*history.unchanged, *history.deleted, *history.added} or {None}


def _is_unknown(row: Address) -> bool:
    return not any(look(row).attrs[name].history != ((), (), ()) for name in ("machine_id", "cluster_id"))


def _written(db: Session) -> Iterable[Table]:
    """Rows that are about to be written in a way that a snapshot would show."""
    for row in (*db.new, *db.deleted, *db.dirty):
        names = SOURCES.get(type(row), ())
        whole = row in db.new or row in db.deleted
        if names and (whole or any(look(row).attrs[name].history.has_changes() for name in names)):
            yield row


def _whose(rows: Iterable[Table]) -> ColumnElement[bool] | None:
    """The clusters whose snapshot shows `rows`; None when it is nobody's."""
    clusters: set[int] = set()
    machines: set[int] = set()
    for row in rows:
        if isinstance(row, Address) and not _is_unknown(row):
            # A machine's, or a cluster's virtual one; what is only noted down is in no snapshot.
            machines |= _owners(row, "machine_id") - {None}
            clusters |= _owners(row, "cluster_id") - {None}
            continue
        if isinstance(row, Cluster | Machine) and instance_state(row).pending:
            continue  # nothing was read of what is not there yet
        named = [
            (target, _owners(row, owners[type(row)]))
            for owners, target in ((_BY_CLUSTER, clusters), (_BY_MACHINE, machines))
            if type(row) in owners
        ]
        if not any(found - {None} for _, found in named):
            return true()
        for target, found in named:
            target.update(found - {None})
    ways = [Cluster.id.in_(clusters)] if clusters else []
    if machines:
        ways.append(Cluster.id.in_(select(Assignment.cluster_id).where(Assignment.machine_id.in_(machines))))
    return or_(*ways) if ways else None


def _grow(db: Session, which: ColumnElement[bool]) -> None:
    # On the connection, for it must neither flush again nor be taken for a change of the cluster itself.
    db.info[_GREW] = True
    table = cast(TableClause, Cluster.__table__)
    db.connection().execute(update(table).where(which).values(revision=table.c.revision + 1))


def _flushes(db: Session, _context: Any, _instances: Any) -> None:
    which = _whose(_written(db))
    if which is not None:
        _grow(db, which)


def _sets(statement: Any, names: tuple[str, ...]) -> bool:
    """Whether a statement over many rows writes one of the columns `names`; what cannot be told does."""
    values = getattr(statement, "_values", None)
    return values is None or any(getattr(column, "key", column) in names for column in values)


def _executes(state: ORMExecuteState) -> None:
    if not (state.is_update or state.is_delete or state.is_insert):
        return
    table = getattr(getattr(state.statement, "table", None), "name", "")
    names = next((names for source, names in SOURCES.items() if source.__tablename__ == table), ())
    if names and (not state.is_update or _sets(state.statement, names)):
        _grow(state.session, true())


def _ends(db: Session, *_result: Any) -> None:
    db.info.pop(_GREW, None)


def watch(factory: sessionmaker[Session]) -> None:
    """Let the revisions grow with what the sessions of `factory` write."""
    listen(factory, "before_flush", _flushes)
    listen(factory, "do_orm_execute", _executes)
    listen(factory, "after_commit", _ends)
    listen(factory, "after_rollback", _ends)
