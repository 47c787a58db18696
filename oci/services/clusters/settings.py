"""Settings of clusters, roles and machines: what is in force and who says so, set and taken back."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.setting_types import TYPES, Value
from oci.domain.cluster.settings import (
    CONCEALED,
    SETTINGS,
    BadValue,
    Layer,
    Resolved,
    Setting,
    bounds,
    read,
    resolve,
    text_of,
)
from oci.domain.machines import lifecycle
from oci.domain.machines.lifecycle import STATES
from oci.domain.networks.claims import parse
from oci.problems import Conflict, NotFound, Problem
from oci.records.clusters import claims
from oci.records.clusters import settings as records
from oci.records.clusters.settings import Scope
from oci.records.machines.moves import find
from oci.records.path import liveness
from oci.schemas.clusters.settings import ScopeIn, SettingIn, SettingList, SettingOut
from oci.services.usecase import usecase

TRANSIENT = [name for name, state in STATES.items() if state.transient]
TOLD, NAMED = 120, 20
INSTEAD = "say one of --cluster, --cluster with --role, and --machine"


def _scope(ctx: Ctx, order: ScopeIn | SettingIn) -> Scope:
    """The scope that was asked for. Raises NotFound for its cluster or machine, Problem when it is none."""
    if order.machine:
        if order.cluster or order.role:
            raise Problem(f"what a machine has of its own it has in whichever cluster and role it is; {INSTEAD}")
        return Scope(machine=find(ctx, order.machine))
    if not order.cluster:
        if order.role:
            raise Problem(f"the role {order.role} is one of a cluster; {INSTEAD}")
        return Scope()
    cluster = ctx.db.scalar(select(tables.Cluster).where(tables.Cluster.name == order.cluster))
    if cluster is None:
        raise NotFound(f"no cluster is called {order.cluster!r}; `ocicli cluster list` shows those that exist")
    return Scope(cluster, order.role)


def _narrow_scope(ctx: Ctx, known: Setting, order: ScopeIn | SettingIn) -> Scope:
    """The scope in which `known` may be set. Raises Problem as well where it may not."""
    scope = _scope(ctx, order)
    if not scope.kind:
        raise Problem(
            f"what holds for the whole appliance is in its configuration file, as {known.name}; "
            f"for something narrower {INSTEAD}"
        )
    if scope.kind not in known.scopes:
        raise Problem(f"{known.name} cannot be set for a {scope.kind}; it can for a {' or a '.join(known.scopes)}")
    return scope


def _known(name: str) -> Setting:
    if name not in SETTINGS:
        raise NotFound(f"no setting is called {name[:63]!r}; `ocicli setting list` shows those that exist")
    return SETTINGS[name]


def _shown(known: Setting, value: Value) -> str:
    text = text_of(known, value)
    return CONCEALED if known.secret and text else text


def _some(names: list[str]) -> list[str]:
    """Not more than people read: of ten thousand machines each may have a value of its own."""
    return names if len(names) <= NAMED else [*names[:NAMED], f"{len(names) - NAMED} more"]


def _out(known: Setting, layers: list[Layer], scope: Scope, narrower: Mapping[str, list[str]]) -> SettingOut:
    around = layers[:-1] if scope.kind else layers
    now: Resolved = resolve(layers)[known.name]
    otherwise = resolve(around)[known.name]
    limits = bounds(known)
    return SettingOut(
        name=known.name,
        value=_shown(known, now.value),
        origin=now.origin,
        here=bool(scope.kind) and known.name in layers[-1].values,
        otherwise=_shown(known, otherwise.value),
        otherwise_origin=otherwise.origin,
        narrower=_some(narrower.get(known.name, [])),
        type=known.type,
        meaning=known.meaning,
        look=TYPES[known.type].look + (f", {limits}" if limits else ""),
        when=known.when,
        secret=known.secret,
    )


def _one(ctx: Ctx, known: Setting, scope: Scope) -> SettingOut:
    return _out(known, records.layers(ctx, scope), scope, records.narrower(ctx, scope))


@usecase("setting.list", "viewer", reads=True)
def list_settings(ctx: Ctx, order: ScopeIn) -> SettingList:
    """Every setting as it is in force in a scope, with its origin. Raises NotFound, Problem, Conflict."""
    scope = _scope(ctx, order)
    layers, narrower = records.layers(ctx, scope), records.narrower(ctx, scope)
    return SettingList(scope=scope.words, settings=[_out(known, layers, scope, narrower) for known in SETTINGS.values()])


def _read(known: Setting, order: SettingIn) -> Value:
    """The value that was sent. Raises Problem, which repeats nothing of a secret."""
    if known.secret and order.value is not None:
        raise Problem(f"{known.name} is a secret, which no command line and no log may see; give it as `secret` instead")
    if not known.secret and order.secret:
        raise Problem(f"{known.name} is no secret; give it as `value` instead")
    text = order.secret if known.secret else order.value
    if text is None:
        raise Problem(f"{known.name} needs a value; it must be {TYPES[known.type].look}")
    try:
        return read(known, text)
    except BadValue as bad:
        raise Problem(str(bad)) from None


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


@usecase("setting.set", "operator")
def set_setting(ctx: Ctx, name: str, order: SettingIn) -> SettingOut:
    """Set a setting in a scope. Raises NotFound, Problem for a bad value, Conflict for an address that is another's.

    Setting it to what it is set to already changes nothing.
    """
    known = _known(name)
    scope = _narrow_scope(ctx, known, order)
    if scope.role:
        claims.role_named(ctx, scope.role)
    if scope.machine and scope.machine.state == lifecycle.RETIRED:
        raise Conflict(f"{scope.machine.name} is retired and does nothing; restore it first")
    value = _read(known, order)
    _refuse_held(ctx, known, value)
    before = _one(ctx, known, scope)
    if not records.put(ctx, scope, name, value):
        return before
    _move_deadlines(ctx, known, scope)
    after = _one(ctx, known, scope)
    words = "is set" if known.secret else f"is {_told(after.value)}, was {_told(before.value)} ({before.origin})"
    _event(ctx, "setting.set", f"{name} of {scope.words} {words}", scope, name)
    return after


@usecase("setting.unset", "operator")
def unset_setting(ctx: Ctx, name: str, order: ScopeIn) -> SettingOut:
    """Take a setting back in a scope. Raises NotFound when it is not set there, Problem."""
    known = _known(name)
    scope = _narrow_scope(ctx, known, order)
    row = records.row_of(ctx, scope, name)
    if row is None:
        now = _one(ctx, known, scope)
        raise NotFound(f"{name} is not set for {scope.words}; it comes from: {now.origin}")
    ctx.db.delete(row)
    ctx.db.flush()
    _move_deadlines(ctx, known, scope)
    after = _one(ctx, known, scope)
    words = "is not set any more" if known.secret else f"is {_told(after.value)} again"
    _event(ctx, "setting.unset", f"{name} of {scope.words} {words} ({after.origin})", scope, name)
    return after
