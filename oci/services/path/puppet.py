"""What the Puppet server asks and tells: classification, certificate policy, reports. Unix socket only."""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import AttributeOID, NameOID
from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.orm import joinedload

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.profiles import BadProfile
from oci.domain.cluster.roles import BadRole
from oci.domain.machines import lifecycle
from oci.domain.machines.lifecycle import transient
from oci.domain.path import convergence, phases
from oci.domain.path.convergence import Outcome
from oci.domain.path.works import DONE
from oci.ports import OutsideError
from oci.problems import Conflict, Forbidden, NotFound, Problem, Unavailable
from oci.records.cloud import vault
from oci.records.clusters import fleets
from oci.records.clusters.claims import protected
from oci.records.deploy import classifications, drift
from oci.records.machines.moves import find, move
from oci.records.machines.works import close_work
from oci.records.path import liveness
from oci.records.path.boot_session import token_hash
from oci.records.path.work_session import authenticate_work
from oci.render.puppet import explained, frozen
from oci.render.puppet.enc import text
from oci.render.puppet.psych import Unwritable
from oci.schemas.machines.runs import Classification, RunList, RunOut
from oci.services.usecase import usecase

RUN = tables.Run
_BY_CERTNAME = (
    select(tables.Machine, tables.Assignment)
    .join(tables.Assignment)
    .where(tables.Assignment.fqdn == bindparam("certname"))
    .options(joinedload(tables.Machine.pulse))
)
MOST_PENDING = 200
TROUBLE = "Puppet "  # how a reason begins that the next good run takes away


def _by_certname(ctx: Ctx, certname: str) -> tuple[tables.Machine, tables.Assignment]:
    row = ctx.db.execute(_BY_CERTNAME, {"certname": certname}).one_or_none()
    if row is None:
        raise NotFound(f"no machine is called {certname[:100]}")
    return row[0], row[1]


def classify(ctx: Ctx, certname: str) -> str:
    """The ENC's YAML for `certname`, with the secrets that its profiles declared: for the Puppet server's listener alone.

    What it needs of secrets and certificates and nobody made yet is made in a transaction before: classifying itself only
    reads, so that it waits for nobody. Raises NotFound for a name that is no assigned machine's, and Conflict or
    Unavailable, with an event, when what it needs is missing.
    """
    try:
        return _classify(ctx, certname)
    except vault.Unmade:
        equip(ctx, certname)
        return _classify(ctx, certname)


def _named(ctx: Ctx, certname: str) -> Row[tuple[int, int, int, str]]:
    found = fleets.assigned(ctx, tables.Assignment.fqdn == certname)
    if found is None:
        raise NotFound(f"no machine is called {certname[:100]}")
    return found


@contextlib.contextmanager
def _told(ctx: Ctx, machine_id: int) -> Iterator[None]:
    """Whatever is in the way of a classification is an event, and a Problem."""
    try:
        yield
    except (BadRole, BadProfile, Unwritable, Problem, OutsideError) as trouble:
        ctx.note("puppet.unclassified", str(trouble), machine_id)
        if isinstance(trouble, Problem):
            raise
        raise (Unavailable if isinstance(trouble, OutsideError) else Conflict)(str(trouble)) from None


@usecase("puppet.classify", "appliance", reads=True)
def _classify(ctx: Ctx, certname: str) -> str:
    found = _named(ctx, certname)
    with _told(ctx, found[0]):
        fleet, member = fleets.classified(ctx, *found[:3])
        reveal = vault.revealer(ctx, found[1], fleet, member)
        approved = classifications.approved(ctx, found[3])
        return frozen.text(approved, reveal) if approved else text(fleet, member, reveal)


@usecase("puppet.equip", "appliance")
def equip(ctx: Ctx, certname: str) -> None:
    """Make the secrets and certificates that the machine `certname` needs and that are not there, or are stale."""
    found = _named(ctx, certname)
    with _told(ctx, found[0]):
        vault.make(ctx, found[1], *fleets.classified(ctx, *found[:3]))


@usecase("machine.classification", "viewer", reads=True)
def preview_classification(ctx: Ctx, name: str) -> Classification:
    """What Puppet is told of a machine, with *** in the place of each secret. Raises NotFound, Conflict, Unavailable."""
    machine = find(ctx, name)
    found = fleets.assigned(ctx, tables.Assignment.machine_id == machine.id)
    if found is None:
        raise Conflict(f"{machine.name} has no role, so there is nothing to tell Puppet; assign it to a cluster first")
    try:
        fleet, member = fleets.classified(ctx, *found[:3])
        approved, wanted = classifications.approved(ctx, found[3]), classifications.freeze(fleet, member)
        return Classification(
            machine=machine.name,
            revision=fleet.revision,
            parameters=list(explained.names(fleet, member)),
            text=frozen.preview(approved or wanted),
            pending=list(frozen.changes(approved, wanted)[:MOST_PENDING]) if approved else [],
        )
    except (BadRole, BadProfile, Unwritable) as bad:
        raise Conflict(str(bad)) from None


@usecase("machine.runs", "viewer", reads=True)
def list_runs(ctx: Ctx, name: str) -> RunList:
    """The last Puppet runs of a machine, newest first: as many as are kept. Raises NotFound, Conflict."""
    machine = find(ctx, name)
    rows = ctx.db.scalars(select(RUN).where(RUN.machine_id == machine.id).order_by(RUN.id.desc()))
    return RunList(
        runs=[
            RunOut(
                at=run.at,
                status=run.status,
                text=run.text,
                noop=run.noop,
                cached=run.cached,
                seconds=run.seconds,
                metrics=run.metrics,
            )
            for run in rows
        ]
    )


def challenge(ctx: Ctx, token: str) -> dict[str, str]:
    """A fresh one-time challenge for the machine's first boot, and the token of its poll; earlier ones become worthless.

    The old certificate of the name is cleaned first: its key may be lost with an unfinished attempt.
    That is done between two transactions: a CA that hangs must not hold up those who write.
    Raises Gone for a wrong token, OutsideError when the CA does not answer.
    """
    ctx.outside.puppet_ca.clean(certname(ctx, token))
    return _issue(ctx, token)


@usecase("puppet.certname", "nobody")
def certname(ctx: Ctx, token: str) -> str:
    """The certificate name of the configuring machine that `token` was given to. Raises Gone, Problem."""
    machine, _work = authenticate_work(ctx, token)
    if machine.state != lifecycle.CONFIGURING:
        raise Problem(f"a {machine.state} machine gets no certificate challenge; it must be configuring")
    fqdn = ctx.db.scalar(select(tables.Assignment.fqdn).where(tables.Assignment.machine_id == machine.id))
    assert fqdn
    holder = protected(ctx, fqdn)
    if holder:
        ctx.note("puppet.refused", f"{fqdn} is the name of {holder}; its certificate is not cleaned", machine.id)
        raise Forbidden(f"{fqdn} is the name of {holder}: no machine gets its certificate. Assign the machine anew")
    return fqdn


@usecase("puppet.challenge", "nobody")
def _issue(ctx: Ctx, token: str) -> dict[str, str]:
    machine, _work = authenticate_work(ctx, token)
    assignment = ctx.db.get(tables.Assignment, machine.id)
    assert assignment is not None
    fqdn = assignment.fqdn
    ctx.db.execute(delete(tables.Challenge).where(tables.Challenge.machine_id == machine.id))
    word, poll = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    assignment.poll_hash = token_hash(poll)
    ctx.db.add(tables.Challenge(machine_id=machine.id, certname=fqdn, hash=token_hash(word), issued=ctx.now()))
    ctx.event("puppet.challenge", f"issued a one-time challenge for {fqdn}", machine)
    return {"CHALLENGE": word, "CERTNAME": fqdn, "POLL": poll}


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


@usecase("puppet.autosign", "appliance")
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
        if machine.state == lifecycle.CONFIGURING
        else f"the machine is {machine.state}"
    )
    if problem:
        ctx.note("puppet.refused", f"{certname}: {problem}", machine.id)
        raise Forbidden(f"not signed: {problem}")
    assert row is not None
    row.used = ctx.now()
    ctx.event("puppet.signed", f"certificate request of {certname} signed", machine)


@usecase("puppet.asked", "appliance")
def asked(ctx: Ctx, certname: str) -> None:
    """Puppet asked for a classification: the first time in an install this is a line of the timeline."""
    machine, _assignment = _by_certname(ctx, certname)
    work = liveness.open_work(ctx, machine) if transient(machine.state) else None
    liveness.heard(ctx, machine, work)
    if work is None or machine.state != lifecycle.CONFIGURING:
        return
    liveness.progress(ctx, machine, work)
    if work.phase != phases.CATALOG:
        work.phase, work.phase_since, work.doing = phases.CATALOG, ctx.now(), ""
        ctx.event("puppet.classified", "Puppet asked for the classification", machine)


def _keep_run(
    ctx: Ctx, machine: tables.Machine, work: tables.Work | None, outcome: Outcome, data: Mapping[str, Any]
) -> None:
    """Keep the run among the machine's last ones. It is an event when it ended otherwise than the one before, or is the
    first of an install: what a machine says each half hour would bury what happened to it. A dry one is none: what it
    found is told by events of its own."""
    done = select(RUN).where(RUN.machine_id == machine.id, RUN.noop.is_(False))
    last = ctx.db.scalar(done.order_by(RUN.id.desc()).limit(1))
    before = "" if last is None or (work is not None and last.at <= work.started) else last.status
    if outcome.name != before and not data.get("noop"):
        ctx.event("puppet.report", f"Puppet {outcome.words}", machine, status=outcome.name)
    run = RUN(
        machine_id=machine.id,
        at=ctx.now(),
        status=outcome.name,
        noop=bool(data.get("noop")),
        cached=convergence.is_cached(data),
        seconds=convergence.seconds(data),
        text=f"Puppet {outcome.words}"[:500],
        metrics=convergence.metrics(data),
        log=[] if outcome.good else convergence.log(data),
    )
    ctx.db.add(run)
    ctx.db.flush()
    oldest = select(RUN.id).where(RUN.machine_id == machine.id).order_by(RUN.id.desc()).offset(max(1, ctx.config.runs_kept))
    ctx.db.execute(delete(RUN).where(RUN.machine_id == machine.id, RUN.id <= oldest.limit(1).scalar_subquery()))


@usecase("puppet.report", "appliance")
def report(ctx: Ctx, certname: str, data: Mapping[str, Any]) -> None:
    """A Puppet run of `certname` ended; the first that applied today's catalogue makes a configuring machine active."""
    machine, _assignment = _by_certname(ctx, certname)
    outcome = convergence.outcome(data)
    if outcome is None:
        raise Problem("a Puppet report's status is changed, unchanged or failed")
    if not outcome.good:
        data = convergence.shown(data, vault.hiding(ctx, machine.id))
        outcome = convergence.outcome(data) or outcome
    work = liveness.open_work(ctx, machine)
    liveness.heard(ctx, machine, work)
    machine.pulse.presence = "installed"
    _keep_run(ctx, machine, work, outcome, data)
    if data.get("noop"):
        drift.learn(ctx, machine, data)
    if not outcome.counts:
        return
    machine.convergence = outcome.name
    if not outcome.good:
        _troubled(ctx, machine, work, f"{TROUBLE}{outcome.words}")
        return
    machine.converged_at = ctx.now()
    if machine.state in (lifecycle.CONFIGURING, lifecycle.FAILED):
        move(ctx, machine, "converged")
        close_work(ctx, machine, DONE)
    elif machine.reason.startswith(TROUBLE):
        machine.reason = ""


def _troubled(ctx: Ctx, machine: tables.Machine, work: tables.Work | None, why: str) -> None:
    if machine.state == lifecycle.CONFIGURING and work is not None:
        liveness.trouble(ctx, machine, work, why)
    elif machine.state == lifecycle.ACTIVE:
        machine.reason = why[:500]
