"""Settings of clusters, roles and machines: what is in force and who says so, set and taken back."""

from __future__ import annotations

from collections.abc import Mapping

from oci.context import Ctx
from oci.domain.cluster.setting_types import TYPES, Value
from oci.domain.cluster.settings import SETTINGS, Layer, Resolved, Setting, bounds, resolve
from oci.problems import Problem
from oci.records.clusters import settings as records
from oci.records.clusters.changes import clusters
from oci.records.clusters.changes import settings as changes
from oci.records.clusters.settings import Scope
from oci.records.machines.moves import find
from oci.schemas.clusters.settings import ScopeIn, SettingIn, SettingList, SettingOut
from oci.services.usecase import usecase

NAMED = 20


def _scope(ctx: Ctx, order: ScopeIn | SettingIn) -> Scope:
    """The scope that was asked for. Raises NotFound for its cluster or machine, Problem when it is none."""
    if order.machine:
        if order.cluster or order.role:
            raise Problem(f"what a machine has of its own it has in whichever cluster and role it is; {changes.INSTEAD}")
        return Scope(machine=find(ctx, order.machine))
    if not order.cluster:
        if order.role:
            raise Problem(f"the role {order.role} is one of a cluster; {changes.INSTEAD}")
        return Scope()
    return Scope(clusters.find(ctx, order.cluster), order.role)


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
        value=changes.shown(known, now.value),
        origin=now.origin,
        by=now.put.by if now.put else "",
        at=now.put.at if now.put else None,
        revision=now.put.revision or None if now.put else None,
        here=bool(scope.kind) and known.name in layers[-1].values,
        otherwise=changes.shown(known, otherwise.value),
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


def _value(known: Setting, order: SettingIn) -> Value:
    """The value that was sent. Raises Problem, which repeats nothing of a secret."""
    if known.secret and order.value is not None:
        raise Problem(f"{known.name} is a secret, which no command line and no log may see; give it as `secret` instead")
    if not known.secret and order.secret:
        raise Problem(f"{known.name} is no secret; give it as `value` instead")
    text = order.secret if known.secret else order.value
    if text is None:
        raise Problem(f"{known.name} needs a value; it must be {TYPES[known.type].look}")
    return changes.value_of(known, text)


@usecase("setting.set", "operator")
def set_setting(ctx: Ctx, name: str, order: SettingIn) -> SettingOut:
    """Set a setting in a scope. Raises NotFound, Problem for a bad value, Conflict for an address that is another's.

    Setting it to what it is set to already changes nothing.
    """
    known, scope = changes.named(name), _scope(ctx, order)
    changes.refuse_scope(known, scope)
    changes.put(ctx, known, scope, _value(known, order))
    return _one(ctx, known, scope)


@usecase("setting.unset", "operator")
def unset_setting(ctx: Ctx, name: str, order: ScopeIn) -> SettingOut:
    """Take a setting back in a scope. Raises NotFound when it is not set there, Problem."""
    known, scope = changes.named(name), _scope(ctx, order)
    changes.unset(ctx, known, scope)
    return _one(ctx, known, scope)
