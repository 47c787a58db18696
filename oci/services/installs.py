"""Installs and wipes, as the machine drives them: heartbeat, claim, phases, outcome.

An attempt is claimed once, by the boot that speaks for the machine. When it goes silent or fails in a way
that another try can mend, the next attempt is armed, until there are none left.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import select

from oci.db import tables
from oci.domain import hardware, phases
from oci.domain.hardware import Inventory
from oci.domain.networks import prefix_length
from oci.services.boot_session import authenticate, speak_for, token_hash
from oci.services.context import Conflict, Ctx, Problem, usecase
from oci.services.install_session import authenticate_install
from oci.services.moves import close_install, forget_promise, move, open_install, rearm

KIND_OF = {"installing": "install", "releasing": "wipe"}
LOG_BYTES = 262144
# What a second try cannot mend: the disk is not the one that was promised.
FINAL_PHASES = ("check",)


@dataclass(frozen=True)
class Orders:
    """What the machine is told to do next, and how often it shall say that it is there (seconds)."""

    action: str
    heartbeat: int


def _action(ctx: Ctx, machine: tables.Machine, boot: tables.Boot, agent_hash: str) -> str:
    if machine.report_hash != agent_hash:
        return "report"
    kind = KIND_OF.get(machine.state)
    install = open_install(ctx, machine)
    if kind and install and install.kind == kind:
        silent = ctx.now() - (install.seen or install.started)
        # The agent beats only while no installer runs: a claimed attempt whose boot beats has lost its installer.
        if install.claimed and silent > ctx.config.takeover_seconds:
            words = "the installer stopped" if install.boot_id == boot.id else "the machine started again"
            if not rearm(ctx, machine, install, f"{words} in phase {install.phase or 'none'}"):
                return "wait"
        return kind if install.claimed is None else "wait"
    if machine.state in ("configuring", "active"):
        return "reboot"
    return "wait"


@usecase("nobody")
def heartbeat(ctx: Ctx, token: str, agent_hash: str) -> Orders:
    """The machine waits in the live image; tell it what to do. Raises Unauthorised."""
    boot = authenticate(ctx, token)
    pause = int(ctx.config.heartbeat_seconds)
    if boot.machine_id is None:
        return Orders("report", pause)
    try:
        machine = speak_for(ctx, boot)
    except Conflict:
        return Orders("wait", pause)
    assert machine is not None
    machine.presence, machine.power, machine.seen = "live", "on", ctx.now()
    return Orders(_action(ctx, machine, boot, agent_hash), pause)


def _disk(ctx: Ctx, machine: tables.Machine) -> tuple[str, int]:
    inventory = Inventory.from_dict(machine.inventory)
    disk = hardware.install_disk(inventory)
    if disk is None:
        raise Conflict(f"{machine.name} has no disk that can be installed: none is fixed, large enough and named "
                       "without doubt. Check its Disks page")
    return _disk_name(machine, inventory, disk), disk.bytes


def _disk_name(machine: tables.Machine, inventory: Inventory, disk: hardware.Disk) -> str:
    try:
        return hardware.disk_name(inventory, disk)
    except hardware.AmbiguousDisk as error:
        raise Conflict(f"{machine.name}: {error}") from None


def _install_orders(ctx: Ctx, machine: tables.Machine, token: str) -> dict[str, str]:
    row = ctx.db.execute(
        select(tables.Assignment, tables.Cluster, tables.Network, tables.Address)
        .join(tables.Cluster, tables.Cluster.id == tables.Assignment.cluster_id)
        .join(tables.Network, tables.Network.id == tables.Cluster.network_id)
        .join(tables.Address, tables.Address.machine_id == tables.Assignment.machine_id)
        .where(tables.Assignment.machine_id == machine.id)).one()
    assignment, _cluster, network, address = row
    boot = ctx.db.get(tables.Boot, machine.boot_id)
    image, config = ctx.outside.images.root(), ctx.config
    disk, size = _disk(ctx, machine)
    return {
        "TOKEN": token, "DISK": disk, "DISK_BYTES": str(size), "MARK": machine.mark,
        "LAYOUT": ctx.outside.roles[assignment.role].disks,
        "HOSTNAME": assignment.hostname, "FQDN": assignment.fqdn, "NIC_MAC": boot.mac if boot else "",
        "ADDRESS": f"{address.ip}/{prefix_length(network.cidr)}", "GATEWAY": network.gateway,
        "DNS": network.dns or " ".join(config.dns_servers), "NTP": " ".join(config.ntp_servers),
        "IMAGE_URL": f"{config.http_url}/images/{image.name}", "IMAGE_SHA256": image.sha256,
        "IMAGE_BYTES": str(image.bytes), "PUPPET_SERVER": config.puppet_server,
        "PUPPET_ADDRESS": config.puppet_address, "ENVIRONMENT": "production",
        "ROOT_HASH": config.root_password_hash, "SSH_KEYS": "\n".join(config.ssh_authorized_keys),
        "KERNEL_ARGS": config.kernel_args,
    }


def _wipe_orders(machine: tables.Machine, token: str) -> dict[str, str]:
    inventory = Inventory.from_dict(machine.inventory)
    names = [_disk_name(machine, inventory, disk) for disk in hardware.fixed_disks(inventory)]
    return {"TOKEN": token, "DISKS": " ".join(names), "METHOD": "discard"}


@usecase("nobody")
def claim(ctx: Ctx, token: str, action: str) -> dict[str, str]:
    """The orders of this attempt, secrets included, once. Raises Unauthorised, Conflict."""
    boot = authenticate(ctx, token)
    machine = speak_for(ctx, boot)
    if machine is None:
        raise Conflict("report first; nothing is ordered for an unknown machine")
    install = open_install(ctx, machine)
    if install is None or KIND_OF.get(machine.state) != action or install.kind != action:
        ctx.note("token.refused", f"{machine.name} claimed {action[:20]} that nobody ordered", machine.id)
        raise Conflict(f"no {action[:20]} is ordered for {machine.name}")
    if install.claimed is not None:
        ctx.note("token.refused", f"the orders of {machine.name} were asked for a second time and refused", machine.id)
        raise Conflict("the orders of this attempt were already given out")
    secret = secrets.token_urlsafe(32)
    if action == "install":
        # Another one each time: what an earlier attempt wrote, on whichever disk, is not what shall boot.
        machine.mark = str(uuid.uuid4())
    orders = _install_orders(ctx, machine, secret) if action == "install" else _wipe_orders(machine, secret)
    install.token_hash, install.boot_id, install.claimed = token_hash(secret), boot.id, ctx.now()
    install.phase, install.percent, install.seen = "", 0, ctx.now()
    install.log = ""
    ctx.event("install.claimed", f"fetched the orders of attempt {install.attempt} ({action})", machine)
    return orders


@usecase("nobody")
def phase(ctx: Ctx, token: str, name: str, percent: int, message: str) -> None:
    """The installer or the first boot reached phase `name`, `percent` through."""
    machine, install = authenticate_install(ctx, token)
    known = phases.PHASES.get(name)
    if known is None:
        raise Problem(f"phase {name[:40]!r} is not known")
    if name in ("firstboot", "network", "puppet"):
        machine.presence = "installed"
    if name != install.phase:
        install.phase, install.phase_since = name, ctx.now()
        ctx.event("install.phase", known.title + (f": {message[:200]}" if message else ""), machine, phase=name,
                  attempt=install.attempt)
    install.percent = max(0, min(100, percent))


@usecase("nobody")
def log(ctx: Ctx, token: str, text: str) -> None:
    """Append to the installer's log, of which the last LOG_BYTES are kept."""
    _machine, install = authenticate_install(ctx, token)
    install.log = (install.log + text)[-LOG_BYTES:]


@usecase("nobody")
def failed(ctx: Ctx, token: str, name: str, reason: str) -> None:
    """The work failed in phase `name`. Another attempt is armed where that can help."""
    machine, install = authenticate_install(ctx, token)
    title = phases.PHASES[name].title if name in phases.PHASES else name[:40]
    why = f"{title}: {reason[:300]}"
    ctx.event("install.failed", why, machine, phase=name[:40], attempt=install.attempt)
    if machine.state == "configuring":
        return  # the first boot keeps trying by itself until the deadline
    if name in FINAL_PHASES:
        move(ctx, machine, "error", reason=why)
        close_install(ctx, machine, "failed")
    else:
        rearm(ctx, machine, install, why)


@usecase("nobody")
def done(ctx: Ctx, token: str) -> None:
    """The disk is written and bootable."""
    machine, install = authenticate_install(ctx, token)
    if machine.state == "configuring":
        return  # said twice: the first answer was lost
    if install.kind != "install":
        raise Conflict("this is a wipe; it ends with /install/wiped")
    move(ctx, machine, "installed")
    machine.presence = "nothing"
    boot = ctx.db.get(tables.Boot, machine.boot_id)
    if boot:
        boot.replaced = True  # the live system ends here; the next boot need not wait for its silence
    machine.boot_id = ""


@usecase("nobody")
def wiped(ctx: Ctx, token: str) -> None:
    """All disks are empty; the promise ends here."""
    machine, install = authenticate_install(ctx, token)
    if install.kind != "wipe":
        raise Conflict("this is an install; it ends with /install/done")
    move(ctx, machine, "wiped")
    close_install(ctx, machine, "done")
    fqdn = ctx.db.scalar(select(tables.Assignment.fqdn).where(tables.Assignment.machine_id == machine.id))
    if fqdn:
        ctx.queue("clean_certificate", machine, certname=fqdn)
    forget_promise(ctx, machine)
    machine.convergence, machine.converged_at = "never", None
