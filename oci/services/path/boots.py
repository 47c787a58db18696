"""Network boots: who asks, what it is told to boot, and the one-time token of each live boot."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.identity.facts import Identity, uuid_spellings
from oci.domain.identity.verdict import Claim
from oci.domain.machines import lifecycle
from oci.domain.path import phases
from oci.domain.path.boot_owner import Owner, Record, owner
from oci.domain.quantities import counted
from oci.problems import Gone, NotFound, Problem
from oci.records.clusters import settings
from oci.records.machines.identities import shared_among
from oci.records.path import liveness
from oci.records.path.boot_session import token_hash
from oci.records.path.doubts import key_of, open_doubt
from oci.records.path.returns import DISK_BOOTS, RETURNS, count
from oci.render.machine import boot as render
from oci.render.machine.orders import lines
from oci.services.usecase import usecase

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


def _record(machine: tables.Machine) -> Record:
    awaited = lifecycle.transient(machine.state) and not lifecycle.has_disk_to_boot(machine.state)
    return Record(
        machine.id,
        machine.uuid,
        machine.serial,
        tuple((u, s) for u, s in machine.says),
        lifecycle.has_disk_to_boot(machine.state),
        awaited,
    )


def _owner(ctx: Ctx, asker: Asker) -> tuple[tables.Machine | None, Owner]:
    """Whose boot this seems to be. The MAC is a guess, UUID and serial are compared where they mean something."""
    table = tables.Machine
    by_mac = ctx.db.scalars(
        select(table)
        .where(table.id.in_(select(tables.Nic.machine_id).where(tables.Nic.mac == asker.mac)))
        .order_by(table.id)
    ).all()
    found = owner(asker.uuid, asker.serial, [_record(m) for m in by_mac], ())
    spellings = uuid_spellings(asker.uuid) if found.machine_id is None else ()
    shared = shared_among(ctx, Identity.of(uuid=asker.uuid, serial=asker.serial)) if spellings else set()
    called = select(table).where(table.uuid.in_(spellings)).limit(2)
    others = list(ctx.db.scalars(called)) if spellings and not shared else []
    if others:
        found = owner(asker.uuid, asker.serial, [_record(m) for m in by_mac], [_record(m) for m in others])
    return next((m for m in (*by_mac, *others) if m.id == found.machine_id), None), found


def _own_disk(ctx: Ctx, machine: tables.Machine, asker: Asker, found: Owner) -> bool:
    """True when the machine is to boot its own disk; one that asks for it again and again is shown to a person."""
    if not lifecycle.has_disk_to_boot(machine.state):
        return False
    times = count(ctx, machine, "card" if found.new_card else "disk")
    if found.new_card:
        # After a repair it comes by a card that nobody knows. Were it a twin, only its report could tell.
        _ask_about_card(ctx, machine, asker)
        return times <= RETURNS
    if times == DISK_BOOTS and machine.state != lifecycle.RETIRED:
        why = (
            f"asked the network {counted(times, 'time')} within an hour and was told to boot from its own disk each time; "
            "see whether its disk boots"
        )
        ctx.event("machine.returns", why, machine, times=times)
        machine.reason = why
    return True


def _ask_about_card(ctx: Ctx, machine: tables.Machine, asker: Asker) -> None:
    text = (
        f"{machine.name}'s UUID and serial were told by a boot from {asker.mac}, which it is not known to have; "
        "it was told to boot from its own disk"
    )
    agree = (f"uuid {asker.uuid[:40]}", f"serial {asker.serial[:60]}")
    open_doubt(
        ctx,
        "boot",
        text,
        key_of("boot", machine.id, asker.mac),
        Identity.of(uuid=asker.uuid, serial=asker.serial, boot_macs=(asker.mac,)),
        claims=[Claim(machine.id, 0, agree, (f"mac {asker.mac}",))],
    )


@usecase("boot.script", "nobody")
def script(ctx: Ctx, asker: Asker) -> str:
    """The iPXE script that answers this boot: the machine's own disk, or the live image, which finds out whose it is."""
    _check(asker)
    machine, found = _owner(ctx, asker)
    if found.denied:
        words = f"a boot by the card {asker.mac}, which this machine has, tells the UUID or serial of another"
        ctx.event("boot.moved", words, found.denied[0], mac=asker.mac)
    if machine:
        liveness.begins(ctx, machine)
    if machine and _own_disk(ctx, machine, asker, found):
        ctx.event("boot.script", "told to boot from its own disk", machine, mac=asker.mac)
        return render.local(
            asker.platform,
            asker.arch,
            machine.mark,
            ctx.config.http_url,
            finder=asker.platform == "pcbios" and ctx.outside.images.live_has(render.FINDER),
        )
    boot = tables.Boot(
        id=secrets.token_hex(8),
        mac=asker.mac,
        machine_id=machine.id if machine else None,
        asked=ctx.now(),
        source=asker.source,
        facts={"uuid": asker.uuid[:40], "serial": asker.serial[:128], "platform": asker.platform},
    )
    ctx.db.add(boot)
    ctx.event("boot.script", f"told to boot the live image ({asker.platform})", machine, boot_id=boot.id, mac=asker.mac)
    images = ctx.outside.images
    return render.live(
        ctx.config.http_url,
        boot.id,
        asker.mac,
        images.live_sha256(),
        # A guess by MAC is good enough: no kernel argument is a secret, and a machine may need its own to boot at all.
        settings.in_force(ctx, machine).text("kernel_args") if machine else ctx.config.kernel_args,
        firmware=images.live_has(render.FIRMWARE),
    )


@usecase("boot.site", "nobody")
def site(ctx: Ctx, boot_id: str, source: str) -> bytes:
    """The per-boot initrd with this boot's token. It is given out once."""
    boot = ctx.db.get(tables.Boot, boot_id)
    if boot is None:
        raise NotFound("this boot is not known; boot again from the network")
    if boot.fetched is not None:
        ctx.note(
            "boot.replayed", f"{source} asked again for the token of a boot of {boot.mac}; it was refused", boot.machine_id
        )
        raise Gone("the token of this boot was already given out; boot again from the network")
    token = secrets.token_urlsafe(32)
    boot.fetched, boot.token_hash = ctx.now(), token_hash(token)
    ctx.event("boot.site", "fetched the token of this boot", boot.machine_id, boot_id=boot.id)
    config = ctx.config
    env = lines(
        {
            "OCI_URL": config.https_url,
            "OCI_HTTP": config.http_url,
            "OCI_BOOT": boot.id,
            "OCI_MAC": boot.mac,
            "OCI_HEARTBEAT": str(config.heartbeat_seconds),
            "OCI_TIME": str(int(ctx.now())),
        }
    )
    return render.site_cpio(
        {
            "site.env": env.encode(),
            "ca.pem": ctx.outside.ca_pem,
            "auth": f"Authorization: Bearer {token}\n".encode(),
            "authorized_keys": "".join(f"{key}\n" for key in config.ssh_authorized_keys).encode(),
        }
    )


@usecase("boot.beacon", "nobody")
def early_beacon(ctx: Ctx, boot_id: str, phase: str) -> None:
    """A sign of life before the first report. It proves nothing, so it only adds to a timeline, three lines a phase."""
    boot = ctx.db.get(tables.Boot, boot_id)
    known = phases.beacon(phase)
    if known is None or boot is None or boot.token_hash == "":
        raise Problem("this boot or phase is not known")
    machine = ctx.db.get(tables.Machine, boot.machine_id) if boot.machine_id else None
    if machine:
        liveness.begins(ctx, machine)
    seen = list(boot.facts.get("phases", []))
    if seen.count(phase) < 3:
        boot.facts = {**boot.facts, "phases": [*seen, phase]}
        ctx.event("boot.beacon", known.title, boot.machine_id, boot_id=boot.id, phase=phase)
