"""Network boots: who asks, what it is told to boot, and the one-time token of each live boot."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from oci.db import tables
from oci.domain import lifecycle, phases
from oci.render import boot as render
from oci.render.orders import lines
from oci.services.boot_session import token_hash
from oci.services.context import Ctx, Gone, NotFound, Problem, usecase

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


@dataclass(frozen=True)
class Asker:
    """What iPXE says of the machine that boots; all of it may be a lie."""

    mac: str
    uuid: str = ""
    serial: str = ""
    platform: str = "pcbios"
    arch: str = "x86_64"
    source: str = ""


def _check(asker: Asker) -> None:
    if not _MAC.fullmatch(asker.mac):
        raise Problem(f"mac {asker.mac[:40]!r} is no MAC address; iPXE fills it in as ${{net0/mac}}")
    if asker.platform not in ("pcbios", "efi"):
        raise Problem(f"platform {asker.platform[:20]!r} is not known; it is pcbios or efi")


@usecase("nobody")
def script(ctx: Ctx, asker: Asker) -> str:
    """The iPXE script that answers this boot: the machine's own disk, or the live image."""
    _check(asker)
    nic = ctx.db.get(tables.Nic, asker.mac)
    machine = ctx.db.get(tables.Machine, nic.machine_id) if nic else None
    if machine and lifecycle.has_disk_to_boot(machine.state):
        ctx.event("boot.script", "told to boot from its own disk", machine)
        return render.local(asker.platform, asker.arch, machine.mark, ctx.config.http_url,
                            finder=asker.platform == "pcbios" and ctx.outside.images.live_has(render.FINDER))
    boot = tables.Boot(id=secrets.token_hex(8), mac=asker.mac, machine_id=machine.id if machine else None,
                       asked=ctx.now(), source=asker.source, facts={"uuid": asker.uuid[:40], "serial": asker.serial[:128],
                                                                    "platform": asker.platform})
    ctx.db.add(boot)
    ctx.event("boot.script", f"told to boot the live image ({asker.platform})", machine, boot_id=boot.id, mac=asker.mac)
    images = ctx.outside.images
    return render.live(ctx.config.http_url, boot.id, asker.mac, images.live_sha256(), ctx.config.kernel_args,
                       firmware=images.live_has(render.FIRMWARE))


@usecase("nobody")
def site(ctx: Ctx, boot_id: str, source: str) -> bytes:
    """The per-boot initrd with this boot's token. It is given out once."""
    boot = ctx.db.get(tables.Boot, boot_id)
    if boot is None:
        raise NotFound("this boot is not known; boot again from the network")
    if boot.fetched is not None:
        ctx.note("boot.replayed", f"{source} asked again for the token of a boot of {boot.mac}; it was refused",
                 boot.machine_id)
        raise Gone("the token of this boot was already given out; boot again from the network")
    token = secrets.token_urlsafe(32)
    boot.fetched, boot.token_hash = ctx.now(), token_hash(token)
    ctx.event("boot.site", "fetched the token of this boot", boot.machine_id, boot_id=boot.id)
    config = ctx.config
    env = lines({"OCI_URL": config.https_url, "OCI_HTTP": config.http_url, "OCI_BOOT": boot.id, "OCI_MAC": boot.mac,
                 "OCI_HEARTBEAT": str(config.heartbeat_seconds), "OCI_TIME": str(int(ctx.now()))})
    return render.site_cpio({
        "site.env": env.encode(),
        "ca.pem": ctx.outside.ca_pem,
        "auth": f"Authorization: Bearer {token}\n".encode(),
        "authorized_keys": "".join(f"{key}\n" for key in config.ssh_authorized_keys).encode(),
    })


@usecase("nobody")
def early_beacon(ctx: Ctx, boot_id: str, phase: str) -> None:
    """A sign of life before the first report. It proves nothing, so it only adds to a timeline, three lines a phase."""
    known = phases.PHASES.get(phase)
    boot = ctx.db.get(tables.Boot, boot_id)
    if known is None or known.part not in ("boot", "live") or boot is None or boot.token_hash == "":
        raise Problem("this boot or phase is not known")
    seen = list(boot.facts.get("phases", []))
    if seen.count(phase) < 3:
        boot.facts = {**boot.facts, "phases": [*seen, phase]}
        ctx.event("boot.beacon", known.title, boot.machine_id, boot_id=boot.id, phase=phase)
