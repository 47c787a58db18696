"""Secrets and certificates of a cluster: made once, sealed at rest, revealed to the listener of the Puppet server alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from sqlalchemy import select

from oci.context import Ctx
from oci.db.tables import Assignment, Authority, Certificate, Cluster, Secret
from oci.domain.cloud import secrets
from oci.domain.cloud.certificates import (
    AUTHORITY_DAYS,
    CERTIFICATES,
    DAY,
    LEAF_DAYS,
    ROOT,
    is_stale,
)
from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.roles import named
from oci.domain.quantities import counted
from oci.ports import Issued, OutsideError
from oci.problems import Conflict, Unavailable
from oci.render.puppet.profiles import PROFILES


class Unmade(Exception):
    """A secret or a certificate that a machine needs is not made yet, or has to be made anew."""


def found(ctx: Ctx, cluster: Cluster) -> None:
    """Make the CA of a new cluster."""
    root, intermediate = ctx.outside.issuer.authority(f"OCI cluster {cluster.name}", ctx.now(), AUTHORITY_DAYS)
    seal = ctx.outside.sealer.seal
    ctx.db.add(
        Authority(
            cluster_id=cluster.id,
            root=root.pem,
            root_key=seal(root.key),
            intermediate=intermediate.pem,
            key=seal(intermediate.key),
            made=ctx.now(),
        )
    )


def declared(fleet: Fleet, member: Member) -> tuple[set[str], set[str]]:
    """The secrets and the certificates that the profiles of `member` declare. Raises BadRole."""
    profiles = [PROFILES[name] for name in named(fleet.roles, member.role).profiles if name in PROFILES]
    return {name for one in profiles for name in one.secrets}, {name for one in profiles for name in one.certificates}


def _holder(cluster_id: int, member: Member, name: str) -> str:
    return f"{cluster_id} {name}" if CERTIFICATES[name].shared else f"{cluster_id} {name} {member.machine_id}"


def _secrets(ctx: Ctx, cluster_id: int, names: Iterable[str]) -> dict[str, str]:
    """The sealed values of those that are made."""
    query = select(Secret.name, Secret.value).where(Secret.cluster_id == cluster_id, Secret.name.in_(list(names)))
    return dict(ctx.db.execute(query).tuples().all())


def _certificates(ctx: Ctx, cluster_id: int, member: Member, names: Iterable[str]) -> dict[str, Certificate]:
    holders = [_holder(cluster_id, member, name) for name in names]
    return {row.name: row for row in ctx.db.scalars(select(Certificate).where(Certificate.holder.in_(holders)))}


def _stale(ctx: Ctx, row: Certificate | None, fleet: Fleet, member: Member, name: str) -> bool:
    return row is None or is_stale(tuple(row.names), CERTIFICATES[name].names(fleet, member), row.until, ctx.now())


def revealer(ctx: Ctx, cluster_id: int, fleet: Fleet, member: Member) -> Callable[[str], str]:
    """What gives the value of each mark that a profile of `member` declared, and raises Conflict for any other. Raises
    Unmade, BadRole, Unavailable.

    Two statements, whatever is asked for, and none for a machine without secrets.
    """
    names, certificates = declared(fleet, member)
    sealed = _secrets(ctx, cluster_id, names) if names else {}
    rows = _certificates(ctx, cluster_id, member, certificates) if certificates else {}
    if set(sealed) != names or any(_stale(ctx, rows.get(name), fleet, member, name) for name in certificates):
        raise Unmade(fleet.cluster)
    parts = {ROOT: fleet.root}
    for name, row in rows.items():
        parts |= {f"{name}.crt": row.chain, f"{name}.key": ctx.outside.sealer.open(row.key)}

    def value(mark: str) -> str:
        if mark not in parts and mark not in sealed:
            raise Conflict(
                f"{member.fqdn} was approved to be told the secret {mark}, which its role does not declare any more; "
                "plan its cluster anew and deploy that"
            )
        return parts[mark] if mark in parts else ctx.outside.sealer.open(sealed[mark])

    return value


def ages(ctx: Ctx, cluster_id: int, member: Member) -> dict[tuple[bool, str], float]:
    """When each secret of the cluster, and each certificate that `member` may be given, was made, by (whether it is a
    certificate, name); in seconds since the epoch."""
    query = select(Secret.name, Secret.made).where(Secret.cluster_id == cluster_id)
    found = {(False, name): made for name, made in ctx.db.execute(query)}
    root = ctx.db.scalar(select(Authority.made).where(Authority.cluster_id == cluster_id))
    found |= {(True, ROOT): root} if root is not None else {}
    return found | {(True, name): row.made for name, row in _certificates(ctx, cluster_id, member, CERTIFICATES).items()}


def hiding(ctx: Ctx, machine_id: int) -> Callable[[str], str]:
    """What takes the secrets of the machine's cluster, and all that looks like one, out of what the machine says. Where they
    cannot be read nothing of it is let through."""
    cluster = select(Assignment.cluster_id).where(Assignment.machine_id == machine_id).scalar_subquery()
    sealed = ctx.db.scalars(select(Secret.value).where(Secret.cluster_id == cluster)).all()
    try:
        values = [ctx.outside.sealer.open(one) for one in sealed]
    except (OutsideError, Unavailable):
        return lambda _text: secrets.HIDDEN
    return lambda text: secrets.hidden(text, values)


def make(ctx: Ctx, cluster_id: int, fleet: Fleet, member: Member) -> None:
    """Make what `member` needs and is not there, or is there and stale. Raises BadRole, OutsideError, Unavailable."""
    names, certificates = declared(fleet, member)
    for name in sorted(names - set(_secrets(ctx, cluster_id, names))):
        value = secrets.make(name, os.urandom(secrets.OCTETS))
        ctx.db.add(Secret(cluster_id=cluster_id, name=name, value=ctx.outside.sealer.seal(value), made=ctx.now()))
        ctx.event(
            "secret.made",
            f"the secret {name} of the cluster {fleet.cluster} was made",
            cluster=ctx.db.get(Cluster, cluster_id),
        )
    rows = _certificates(ctx, cluster_id, member, certificates)
    for name in sorted(certificates):
        if _stale(ctx, rows.get(name), fleet, member, name):
            _certify(ctx, cluster_id, fleet, member, name, rows.get(name))


def _certify(ctx: Ctx, cluster_id: int, fleet: Fleet, member: Member, name: str, row: Certificate | None) -> None:
    kind, authority = CERTIFICATES[name], ctx.db.get(Authority, cluster_id)
    if authority is None:
        raise Unavailable(f"the cluster {fleet.cluster} has no CA; restore the appliance's database from a backup")
    wanted = kind.names(fleet, member)
    by = Issued(authority.intermediate, ctx.outside.sealer.open(authority.key))
    issued = ctx.outside.issuer.issue(by, wanted, ctx.now(), LEAF_DAYS)
    if row is None:
        row = Certificate(
            cluster_id=cluster_id,
            machine_id=None if kind.shared else member.machine_id,
            name=name,
            holder=_holder(cluster_id, member, name),
        )
        ctx.db.add(row)
    row.names, row.chain, row.key = list(wanted), issued.pem, ctx.outside.sealer.seal(issued.key)
    row.made, row.until = ctx.now(), ctx.now() + LEAF_DAYS * DAY
    ctx.event(
        "certificate.made",
        f"a certificate for {wanted[0]} was made, good for {counted(LEAF_DAYS, 'day')}",
        None if kind.shared else member.machine_id,
        cluster=ctx.db.get(Cluster, cluster_id),
    )
