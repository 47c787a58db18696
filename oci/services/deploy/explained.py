"""Why Puppet is told what it is told: one parameter of a machine, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping

from oci.context import Ctx
from oci.db.tables import Assignment, Machine
from oci.domain.cluster.profiles import BadProfile
from oci.domain.cluster.roles import BadRole
from oci.domain.cluster.settings import Resolved, resolve
from oci.domain.deploy.explained import CERTIFICATE, SECRET, SETTING, SITE, Input
from oci.problems import Conflict, NotFound
from oci.records.cloud import vault
from oci.records.clusters import fleets, settings
from oci.records.clusters.settings import Scope
from oci.records.machines.moves import find
from oci.render.puppet import explained
from oci.schemas.deploy.explained import ExplainedOut, ExplainQuery, FactOut
from oci.services.usecase import usecase

CONFIGURATION, UNMADE = "configuration", "not made yet: Puppet did not ask for it"


def _out(one: Input, in_force: Mapping[str, Resolved], made: Mapping[tuple[bool, str], float]) -> FactOut:
    told = FactOut(kind=one.kind, name=one.name, value=one.value)
    if one.kind == SETTING:
        now = in_force[one.name]
        told.origin = now.origin
        if now.put:
            told.by, told.at, told.revision = now.put.by, now.put.at, now.put.revision or None
    elif one.kind == SITE:
        told.origin = CONFIGURATION
    elif one.kind in (SECRET, CERTIFICATE):
        told.at = made.get((one.kind == CERTIFICATE, one.name))
        told.origin = "" if told.at is not None else UNMADE
    return told


def _explained(ctx: Ctx, machine: Machine, name: str) -> ExplainedOut:
    found = fleets.assigned(ctx, Assignment.machine_id == machine.id)
    if found is None:
        raise Conflict(f"{machine.name} has no role, so there is nothing to tell Puppet; assign it to a cluster first")
    fleet, member = fleets.classified(ctx, *found[:3])
    told = explained.explain(fleet, member, name)
    in_force = resolve(settings.layers(ctx, Scope(machine=machine)))
    made = vault.ages(ctx, found[1], member)
    return ExplainedOut(
        machine=machine.name,
        parameter=told.name,
        profile=told.profile,
        value=told.value,
        facts=[_out(one, in_force, made) for one in told.inputs],
        needs=[_out(one, in_force, made) for one in told.needs],
        parts=list(told.parts),
    )


@usecase("machine.explain", "viewer", reads=True)
def explain(ctx: Ctx, name: str, query: ExplainQuery) -> ExplainedOut:
    """What one parameter that Puppet is given for a machine is, and what it is made of: settings with who set them, and
    facts of the snapshot. Raises NotFound, with the parameters that there are, Conflict, Unavailable."""
    machine = find(ctx, name)
    try:
        return _explained(ctx, machine, query.parameter)
    except explained.Unknown as unknown:
        raise NotFound(f"{unknown}. `ocicli machine classification {machine.name}` shows all with their values") from None
    except (BadRole, BadProfile) as bad:
        raise Conflict(str(bad)) from None
