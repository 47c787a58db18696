"""What becomes of settings of clusters, roles and machines."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.setting_types import Value
from oci.domain.cluster.settings import CONCEALED, SETTINGS, BadValue, Resolved, Setting, read, resolve, text_of
from oci.domain.machines import lifecycle
from oci.domain.machines.lifecycle import STATES
from oci.domain.networks.claims import parse
from oci.problems import Conflict, NotFound, Problem
from oci.records.clusters import claims
from oci.records.clusters import settings as records
from oci.records.clusters.settings import Scope
from oci.records.path import liveness

TRANSIENT = [name for name, state in STATES.items() if state.transient]
TOLD = 120
INSTEAD = "say one of --cluster, --cluster with --role, and --machine"


def named(name: str) -> Setting:
    """The setting called `name`. Raises NotFound."""
    if name not in SETTINGS:
        raise NotFound(f"no setting is called {name[:63]!r}; `ocicli setting list` shows those that exist")
    return SETTINGS[name]


def shown(known: Setting, value: Value) -> str:
    """The text of a value as anybody may see it."""
    text = text_of(known, value)
    return CONCEALED if known.secret and text else text


def value_of(known: Setting, text: str) -> Value:
    """The typed value of `text`. Raises Problem, which repeats nothing of a secret."""
    try:
        return read(known, text)
    except BadValue as bad:
        raise Problem(str(bad)) from None


def refuse_scope(known: Setting, scope: Scope) -> None:
    """Raise Problem when `known` cannot be set in `scope`."""
    if not scope.kind:
        raise Problem(
            f"what holds for the whole appliance is in its configuration file, as {known.name}; "
            f"for something narrower {INSTEAD}"
        )
    if scope.kind not in known.scopes:
        raise Problem(f"{known.name} cannot be set for a {scope.kind}; it can for a {' or a '.join(known.scopes)}")


def _refuse_held(ctx: Ctx, known: Setting, value: Value) -> None:
    """Raise Conflict when a server that the value names has an address that is lent, or another's."""
    held = claims.for_server(ctx)
    for text in records.addresses(known.name, value):
        address = parse(text)
        claim = held.on(address) if address else None
        if claim:
            raise Conflict(f"{known.name} cannot name {text}: it is {claim.holder}; give the address of the right server")


def _move_deadlines(ctx: Ctx, known: Setting, scope: Scope) -> None:
    """What is at work in the scope has the deadline that follows from the settings now."""
    if "clock" not in known.effects:
        return
    machine, promise, at_work = tables.Machine, tables.Assignment, tables.Work
    query = (
        select(machine, at_work)
        .outerjoin(at_work, (at_work.machine_id == machine.id) & at_work.finished.is_(None))
        .where(machine.state.in_(TRANSIENT))
    )
    if scope.machine:
        query = query.where(machine.id == scope.machine.id)
    elif scope.cluster:
        query = query.join(promise, promise.machine_id == machine.id).where(promise.cluster_id == scope.cluster.id)
        query = query.where(promise.role == scope.role) if scope.role else query
    for row, work in ctx.db.execute(query.order_by(machine.id)):
        liveness.set_deadline(ctx, row, work)


def _event(ctx: Ctx, kind: str, text: str, scope: Scope, name: str) -> None:
    ctx.event(kind, text, scope.machine, scope.cluster, setting=name, role=scope.role)


def _told(text: str) -> str:
    """A value in an event: one line, and not all of it."""
    line = " ".join(text.split())
    return (line if len(line) <= TOLD else f"{line[: TOLD - 3]}...") or "empty"


def _now(ctx: Ctx, known: Setting, scope: Scope) -> Resolved:
    return resolve(records.layers(ctx, scope))[known.name]


def put(ctx: Ctx, known: Setting, scope: Scope, value: Value, revision: int = 0) -> bool:
    """Set it in a scope, by a `revision` or a verb of its own; False when it was just that before. Raises Problem for a
    scope where it cannot be, Conflict for an address that is another's, NotFound for a role."""
    refuse_scope(known, scope)
    if scope.role:
        claims.role_named(ctx, scope.role)
    if scope.machine and scope.machine.state == lifecycle.RETIRED:
        raise Conflict(f"{scope.machine.name} is retired and does nothing; restore it first")
    _refuse_held(ctx, known, value)
    before = _now(ctx, known, scope)
    if not records.put(ctx, scope, known.name, value, revision):
        return False
    _move_deadlines(ctx, known, scope)
    was, now = (_told(shown(known, one)) for one in (before.value, value))
    words = "is set" if known.secret else f"is {now}, was {was} ({before.origin})"
    _event(ctx, "setting.set", f"{known.name} of {scope.words} {words}", scope, known.name)
    return True


def unset(ctx: Ctx, known: Setting, scope: Scope) -> None:
    """Take it back in a scope. Raises NotFound when it is not set there, Problem."""
    refuse_scope(known, scope)
    row = records.row_of(ctx, scope, known.name)
    if row is None:
        origin = _now(ctx, known, scope).origin
        raise NotFound(f"{known.name} is not set for {scope.words}; it comes from: {origin}")
    ctx.db.delete(row)
    ctx.db.flush()
    _move_deadlines(ctx, known, scope)
    after = _now(ctx, known, scope)
    words = "is not set any more" if known.secret else f"is {_told(shown(known, after.value))} again"
    _event(ctx, "setting.unset", f"{known.name} of {scope.words} {words} ({after.origin})", scope, known.name)
