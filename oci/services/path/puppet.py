"""What the Puppet server asks and tells: classification, certificate policy, reports. Unix socket only."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import AttributeOID, NameOID
from sqlalchemy import delete, select

from oci.context import Ctx
from oci.db import tables
from oci.domain import convergence
from oci.domain.fleet import Fleet, Member, Site, in_order
from oci.domain.roles import BadRole
from oci.problems import Conflict, Forbidden, NotFound, Problem, Unavailable
from oci.records.clusters.claims import protected
from oci.records.machines.moves import move
from oci.records.machines.works import close_install
from oci.records.path import liveness
from oci.records.path.boot_session import token_hash
from oci.records.path.install_session import authenticate_install
from oci.render.enc import text
from oci.render.psych import Unwritable
from oci.services.usecase import usecase

TROUBLE = "Puppet "  # how a reason begins that the next good run takes away


def _by_certname(ctx: Ctx, certname: str) -> tuple[tables.Machine, tables.Assignment]:
    row = ctx.db.execute(
        select(tables.Machine, tables.Assignment).join(tables.Assignment).where(tables.Assignment.fqdn == certname)
    ).one_or_none()
    if row is None:
        raise NotFound(f"no machine is called {certname[:100]}")
    return row[0], row[1]


def _site(ctx: Ctx) -> Site:
    config, known = ctx.config, ctx.outside.authorities
    missing = sorted(set(config.ca_certificates) - set(known))
    if missing:
        raise Unavailable(
            f"the CA certificate {missing[0]} (setting ca_certificates) could not be read when the appliance "
            "started, so no classification is given without it; put the file there, or take the setting "
            "away, and restart the appliance's services"
        )
    authorities = {"oci": ctx.outside.ca_pem.decode()} | {name: known[name] for name in config.ca_certificates}
    return Site(
        tuple(config.ntp_servers),
        tuple(sorted(authorities.items())),
        tuple(config.ssh_authorized_keys),
        config.apt_uri,
        config.apt_suite,
        config.apt_components,
        config.puppet_server,
        config.puppet_address,
    )


def _fleet(ctx: Ctx, cluster: tables.Cluster) -> Fleet:
    rows = ctx.db.execute(
        select(tables.Assignment, tables.Address.ip)
        .join(tables.Address, tables.Address.machine_id == tables.Assignment.machine_id)
        .where(tables.Assignment.cluster_id == cluster.id, tables.Address.network_id == cluster.network_id)
    ).all()
    return Fleet(
        cluster.name,
        cluster.domain,
        in_order((Member(a.machine_id, a.hostname, a.fqdn, a.role, a.number, ip) for a, ip in rows), ctx.outside.roles),
        ctx.outside.roles,
        _site(ctx),
    )


@usecase("appliance", reads=True)
def classify(ctx: Ctx, certname: str) -> str:
    """The ENC's YAML for `certname`. Raises NotFound for a name that is no assigned machine's, and Conflict or
    Unavailable, with an event, when what it needs is missing."""
    machine, assignment = _by_certname(ctx, certname)
    cluster = ctx.db.get(tables.Cluster, assignment.cluster_id)
    assert cluster is not None
    try:
        fleet = _fleet(ctx, cluster)
        member = next((m for m in fleet.members if m.machine_id == assignment.machine_id), None)
        if member is None:
            raise Conflict(f"{certname} has no address on the network of its cluster; unassign it and assign it anew")
        return text(fleet, member)
    except (BadRole, Unwritable) as bad:
        ctx.note("puppet.unclassified", str(bad), machine.id)
        raise Conflict(str(bad)) from None
    except Problem as problem:
        ctx.note("puppet.unclassified", str(problem), machine.id)
        raise


def challenge(ctx: Ctx, token: str) -> dict[str, str]:
    """A fresh one-time challenge for the machine's first boot; earlier ones become worthless.

    The old certificate of the name is cleaned first: its key may be lost with an unfinished attempt.
    That is done between two transactions: a CA that hangs must not hold up those who write.
    Raises Gone for a wrong token, OutsideError when the CA does not answer.
    """
    ctx.outside.puppet_ca.clean(certname(ctx, token))
    return _issue(ctx, token)


@usecase("nobody")
def certname(ctx: Ctx, token: str) -> str:
    """The certificate name of the configuring machine that `token` was given to. Raises Gone, Problem."""
    machine, _install = authenticate_install(ctx, token)
    if machine.state != "configuring":
        raise Problem(f"a {machine.state} machine gets no certificate challenge; it must be configuring")
    fqdn = ctx.db.scalar(select(tables.Assignment.fqdn).where(tables.Assignment.machine_id == machine.id))
    assert fqdn
    holder = protected(ctx, fqdn)
    if holder:
        ctx.note("puppet.refused", f"{fqdn} is the name of {holder}; its certificate is not cleaned", machine.id)
        raise Forbidden(f"{fqdn} is the name of {holder}: no machine gets its certificate. Assign the machine anew")
    return fqdn


@usecase("nobody")
def _issue(ctx: Ctx, token: str) -> dict[str, str]:
    machine, _install = authenticate_install(ctx, token)
    fqdn = ctx.db.scalar(select(tables.Assignment.fqdn).where(tables.Assignment.machine_id == machine.id))
    assert fqdn
    ctx.db.execute(delete(tables.Challenge).where(tables.Challenge.machine_id == machine.id))
    word = secrets.token_urlsafe(32)
    ctx.db.add(tables.Challenge(machine_id=machine.id, certname=fqdn, hash=token_hash(word), issued=ctx.now()))
    ctx.event("puppet.challenge", f"issued a one-time challenge for {fqdn}", machine)
    return {"CHALLENGE": word, "CERTNAME": fqdn}


def _request(ctx: Ctx, certname: str, pem: bytes) -> tuple[x509.CertificateSigningRequest, str]:
    try:
        request = x509.load_pem_x509_csr(pem)
        names = [str(a.value) for a in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except ValueError as error:
        ctx.note("puppet.refused", f"{certname[:100]}: the request cannot be read ({str(error)[:100]})")
        raise Problem("the certificate request cannot be read") from None
    if names != [certname] or len(list(request.subject)) != 1:
        ctx.note("puppet.refused", f"{certname[:100]}: the request is for another name, {', '.join(names)[:100]}")
        raise Forbidden("the request's subject is not the certificate name")
    try:
        word = request.attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD).value.decode("utf-8", "replace")
    except x509.AttributeNotFound:
        word = ""
    return request, word


@usecase("appliance")
def autosign(ctx: Ctx, certname: str, pem: bytes) -> None:
    """Return when the request may be signed; raises Forbidden, Problem or NotFound when not.

    Source of the challenge: PKCS #9 challengePassword, RFC 2985 section 5.4.1.
    """
    request, word = _request(ctx, certname, pem)
    try:
        request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        ctx.note("puppet.refused", f"{certname}: the request asks for further names")
        raise Forbidden("a machine's request may not ask for alternative names")
    except x509.ExtensionNotFound:
        pass
    machine, _assignment = _by_certname(ctx, certname)
    row = ctx.db.scalar(select(tables.Challenge).where(tables.Challenge.certname == certname))
    problem = (
        "it is the name of " + protected(ctx, certname)
        if protected(ctx, certname)
        else "there is no challenge in it"
        if not word
        else "no challenge was issued"
        if row is None or row.machine_id != machine.id
        else "the challenge was used before"
        if row.used
        else "the challenge is wrong"
        if not hmac.compare_digest(row.hash, token_hash(word))
        else ""
        if machine.state == "configuring"
        else f"the machine is {machine.state}"
    )
    if problem:
        ctx.note("puppet.refused", f"{certname}: {problem}", machine.id)
        raise Forbidden(f"not signed: {problem}")
    assert row is not None
    row.used = ctx.now()
    ctx.event("puppet.signed", f"certificate request of {certname} signed", machine)


@usecase("appliance")
def asked(ctx: Ctx, certname: str) -> None:
    """Puppet asked for a classification: the first time in an install this is a line of the timeline."""
    machine, _assignment = _by_certname(ctx, certname)
    install = liveness.open_install(ctx, machine)
    liveness.heard(ctx, machine, install)
    if install is None or machine.state != "configuring":
        return
    liveness.progress(ctx, machine, install)
    if install.phase != "catalog":
        install.phase, install.phase_since, install.doing = "catalog", ctx.now(), ""
        ctx.event("puppet.classified", "Puppet asked for the classification", machine)


@usecase("appliance")
def report(ctx: Ctx, certname: str, data: Mapping[str, Any]) -> None:
    """A Puppet run of `certname` ended; the first that applied today's catalogue makes a configuring machine active."""
    machine, _assignment = _by_certname(ctx, certname)
    outcome = convergence.outcome(data)
    if outcome is None:
        raise Problem("a Puppet report's status is changed, unchanged or failed")
    install = liveness.open_install(ctx, machine)
    liveness.heard(ctx, machine, install)
    machine.pulse.presence = "installed"
    ctx.event("puppet.report", f"Puppet {outcome.words}", machine, status=outcome.name, metrics=data.get("metrics") or {})
    if not outcome.counts:
        return
    machine.convergence = outcome.name
    if not outcome.good:
        _troubled(ctx, machine, install, f"{TROUBLE}{outcome.words}")
        return
    machine.converged_at = ctx.now()
    if machine.state in ("configuring", "failed"):
        move(ctx, machine, "converged")
        close_install(ctx, machine, "done")
    elif machine.reason.startswith(TROUBLE):
        machine.reason = ""


def _troubled(ctx: Ctx, machine: tables.Machine, install: tables.Install | None, why: str) -> None:
    if machine.state == "configuring" and install is not None:
        liveness.trouble(ctx, machine, install, why)
    elif machine.state == "active":
        machine.reason = why[:500]
