"""Machines that were installed by other means are handed to Puppet as those are that OCI installed."""

from __future__ import annotations

import base64
import gzip
import io
import secrets
import tarfile
from collections.abc import Mapping

from oci.context import Ctx
from oci.db import tables
from oci.problems import Conflict, Unavailable
from oci.records.clusters import addresses
from oci.records.machines import works
from oci.records.machines.moves import find
from oci.render.machine.files import PRIVATE, BadFileValue, File, Machine, named
from oci.render.machine.orders import lines
from oci.schemas.machines.machines import Handover
from oci.services.usecase import usecase

PROGRAM = 0o755


def _files(ctx: Ctx, machine: tables.Machine, token: str) -> dict[str, tuple[int, bytes]]:
    """Mode and content of each file of the archive, by path."""
    assignment = ctx.db.get(tables.Assignment, machine.id)
    assert assignment is not None
    config = ctx.config
    told = named(
        Machine(
            hostname=assignment.hostname,
            fqdn=assignment.fqdn,
            interfaces=(),
            addresses=tuple(addresses.installed_over(ctx, machine.id)),
            mark="",
            puppet_server=config.puppet_server,
            puppet_address=config.puppet_address,
        )
    )
    told["etc/oci/oci.env"] = File(lines({"OCI_URL": config.https_url, "FQDN": assignment.fqdn}), PRIVATE)
    told["etc/oci/auth"] = File(f"Authorization: Bearer {token}\n", PRIVATE)
    told["etc/oci/ca.pem"] = File(ctx.outside.ca_pem.decode())
    programs = {
        path: (PROGRAM if "/systemd/" not in path else 0o644, content) for path, content in ctx.outside.firstboot.items()
    }
    return {**programs, **{path: (file.mode, file.text.encode()) for path, file in told.items()}}


def _archive(files: Mapping[str, tuple[int, bytes]], now: int) -> bytes:
    """The files as a compressed tar archive, to be unpacked in /."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, (mode, content) in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.mode, member.size, member.mtime = mode, len(content), now
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=now)


@usecase("machine.adopt", "operator")
def adopt(ctx: Ctx, name: str) -> Handover:
    """Hand a machine that has a system of its own to Puppet. What comes back has its token, once.

    Raises NotFound, Conflict when it has no role or cannot be adopted, Unavailable when the appliance lacks the files.
    """
    machine = find(ctx, name)
    if ctx.db.get(tables.Assignment, machine.id) is None:
        raise Conflict(f"{machine.name} has no role, so Puppet could be told nothing of it; assign it to a cluster first")
    if not ctx.outside.firstboot or not ctx.outside.ca_pem:
        raise Unavailable("the programs of the first boot or the appliance's CA are not there; run `oci-admin init`")
    token = secrets.token_urlsafe(32)
    works.adopt(ctx, machine, token)
    try:
        archive = _archive(_files(ctx, machine, token), int(ctx.now()))
    except BadFileValue as bad:
        raise Conflict(str(bad)) from None
    ctx.event("machine.adopted", f"an archive was given out that makes a machine {machine.name}", machine)
    return Handover(machine=machine.name, archive=base64.b64encode(archive).decode())
