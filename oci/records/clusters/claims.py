"""Who holds which address and name here: asked at every door where one is stored. Holds no use case."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.roles import BadRole, Role, named
from oci.domain.machines import hostnames
from oci.domain.machines.controllers import canonical as canonical_controller
from oci.domain.networks import claims
from oci.domain.networks.claims import Appliance, Claim, Claims
from oci.domain.networks.overlaps import VIP
from oci.problems import Conflict, Problem
from oci.records.clusters import settings

GIVEN = ("machines", "vip")
"""Uses of ranges whose addresses OCI itself gives out."""
URLS = ("http_url", "https_url", "puppet_ca_url", "apt_uri")


def appliance(ctx: Ctx) -> Appliance:
    """What the settings say of the appliance."""
    c = ctx.config
    return Appliance(
        server_address=c.server_address,
        puppet_server=c.puppet_server,
        puppet_address=c.puppet_address,
        urls=tuple((name, getattr(c, name)) for name in URLS),
        dhcp=(c.dhcp_first, c.dhcp_last) if c.dhcp_mode == "dhcp" else None,
        gateway=c.dhcp_gateway,
        dns=tuple(c.dns_servers),
        host_names=ctx.outside.host_names,
    )


def _networks(ctx: Ctx) -> list[Claim]:
    network = tables.Network
    rows = ctx.db.execute(select(network.name, network.cidr, network.gateway, network.dns, network.routes)).tuples()
    return [
        one
        for name, cidr, gateway, dns, routes in rows
        for one in claims.of_network(name, cidr, gateway, dns.split(), [route["via"] for route in routes])
    ]


def controllers(ctx: Ctx, but: int | None = None) -> list[Claim]:
    """The addresses of management controllers, without that of the machine `but`."""
    machine, bmc = tables.Machine, tables.Bmc
    rows = ctx.db.execute(
        select(machine.id, machine.name, bmc.address).join(bmc, bmc.machine_id == machine.id).where(bmc.address != "")
    ).tuples()
    return [
        one
        for id, name, address in rows
        if id != but
        for one in claims.claim(address, f"the management controller of {name}")
    ]


def _holders(ctx: Ctx, but: int | None = None) -> list[Claim]:
    """All addresses that a row says somebody holds, without those of the machine `but`."""
    address, machine = tables.Address, tables.Machine
    rows = ctx.db.execute(
        select(address.machine_id, machine.name, address.vip, address.note, address.ip).outerjoin(
            machine, machine.id == address.machine_id
        )
    ).tuples()
    return [
        one
        for id, name, vip, note, ip in rows
        if id is None or id != but
        for one in claims.claim(ip, _holder(name, vip, note))
    ]


def _holder(machine: str | None, vip: str, note: str) -> str:
    if machine:
        return f"already held by another machine, {machine}"
    return f"already {VIP} {vip}" if vip else f"reserved ({note})"


def for_machine(ctx: Ctx, machine_id: int | None = None) -> Claims:
    """What a machine may not be given: everything that is anybody's but its own address."""
    held = [*claims.of_appliance(appliance(ctx)), *_holders(ctx, machine_id), *controllers(ctx), *_networks(ctx)]
    return Claims([*held, *settings.claims(ctx)])


def for_server(ctx: Ctx) -> Claims:
    """What a server cannot have that machines are told to ask: addresses that are lent, controllers', and machines' own,
    which may be installed anew at any time."""
    return Claims([*claims.of_dhcp(appliance(ctx)), *controllers(ctx), *_holders(ctx)])


def for_range(ctx: Ctx, use: str) -> Claims:
    """What a range for `use` may not hold. OCI gives addresses of machines and virtual ones, and none twice, so what it gave
    may be in a range of that use, which is widened or made anew. Whoever gives others looks at no row of ours."""
    held = _holders(ctx) if use not in GIVEN else [one for one in _holders(ctx) if use == "vip" and VIP not in one.holder]
    return Claims([*claims.of_appliance(appliance(ctx)), *controllers(ctx), *held])


def but_dhcp(ctx: Ctx) -> list[Claim]:
    """What a range that DHCP lends may not hold: everything that is somebody's, but what DHCP lends already."""
    return [*claims.of_appliance(replace(appliance(ctx), dhcp=None)), *controllers(ctx), *_holders(ctx)]


def controller_address(ctx: Ctx, text: str) -> str:
    """The address of a management controller as it is stored. Raises Problem for what is none, Conflict when it is
    somebody's."""
    try:
        host = canonical_controller(text)
    except claims.BadAddress as bad:
        raise Problem(str(bad)) from None
    refuse_controller(ctx, host)
    return host


def refuse_controller(ctx: Ctx, host: str) -> None:
    """Raise Conflict when `host`, in its one spelling, cannot be a controller: it is the appliance's, a machine's, a
    gateway's. That two machines name one controller is judged elsewhere."""
    address = claims.parse(host)
    held = Claims([*claims.of_appliance(appliance(ctx)), *_holders(ctx), *_networks(ctx), *settings.claims(ctx)])
    claim = held.on(address) if address else None
    holder = claim.holder if claim else hostnames.holder_of_name(host, _names(ctx)) if not address else ""
    if holder:
        raise Conflict(
            f"{host} cannot be a management controller: it is {holder}. Ask the controller for its address "
            "(`ipmitool lan print` on the machine), and keep it out of the DHCP range"
        )


def _names(ctx: Ctx) -> list[tuple[str, str]]:
    return claims.names_of(appliance(ctx))


def bad_name(ctx: Ctx, host: str, domain: str) -> str:
    """Why no machine may be called `host` in `domain`, in words; empty when it may. Machines' names are not looked at."""
    fqdn = f"{host}.{domain}"
    if len(fqdn) > hostnames.LONGEST:
        return f"it is longer than {hostnames.LONGEST} characters; choose a shorter host name"
    holder = hostnames.holder_of_name(fqdn, _names(ctx))
    return hostnames.bad_host(host) or (f"it is the name of {holder}; choose another host name" if holder else "")


def protected(ctx: Ctx, certname: str) -> str:
    """Whose certificate `certname` is when it may never be cleaned, in words; empty for a machine's."""
    return hostnames.holder_of_name(certname, _names(ctx))


def role_named(ctx: Ctx, name: str) -> Role:
    """The role called `name`. Raises Conflict when its file is gone or cannot be used."""
    try:
        return named(ctx.outside.roles, name)
    except BadRole as bad:
        raise Conflict(str(bad)) from None


def layout_of(ctx: Ctx, machine: tables.Machine) -> str:
    """The name of the layout that the machine's role wants; without a role, or while its file is gone, that of one disk."""
    promise = ctx.db.get(tables.Assignment, machine.id)
    role = ctx.outside.roles.get(promise.role) if promise else None
    return role.disks if role else Role.disks


def check_promise(ctx: Ctx, machine: tables.Machine) -> None:
    """Raise Conflict when what the machine was promised cannot be held any more: settings and files change."""
    promise = ctx.db.get(tables.Assignment, machine.id)
    if promise is None:
        return
    role_named(ctx, promise.role)
    holder, held = protected(ctx, promise.fqdn), for_machine(ctx, machine.id)
    addresses = ctx.db.scalars(select(tables.Address.ip).where(tables.Address.machine_id == machine.id))
    taken = [f"address {ip} is {claim.holder}" for ip in addresses if (claim := held.on(ipaddress.ip_address(ip)))]
    if holder or taken:
        raise Conflict(
            f"{machine.name} cannot be installed as it was promised: "
            f"{taken[0] if taken else f'its name is that of {holder}'}. Unassign it, and assign it anew"
        )


def _stored_roles(ctx: Ctx) -> list[str]:
    """Roles that machines have and no file gives."""
    used = ctx.db.scalars(select(tables.Assignment.role).distinct().order_by(tables.Assignment.role))
    gone = [name for name in used if name not in ctx.outside.roles]
    return [
        f"machines have the role {name!r}, and no role file that can be used gives it; they get no classification. "
        "Put the file back, or unassign them"
        for name in gone
    ]


def _stored_addresses(ctx: Ctx) -> list[str]:
    """Addresses of machines and networks that a setting claims by now."""
    held, found = Claims(claims.of_appliance(appliance(ctx))), []
    machines = ctx.db.execute(
        select(tables.Machine.name, tables.Address.ip).where(tables.Address.machine_id == tables.Machine.id)
    ).tuples()
    bmc = tables.Bmc
    reached = ctx.db.execute(
        select(tables.Machine.name, bmc.address).where(bmc.machine_id == tables.Machine.id, bmc.address != "")
    ).tuples()
    stored = [(f"the machine {name}", ip) for name, ip in machines]
    stored += [(f"the controller of {name}", ip) for name, ip in reached]
    for who, text in stored:
        address = claims.parse(text)
        claim = held.on(address) if address else None
        if claim:
            found.append(
                f"{who} has {text}, which is now {claim.holder}; change the setting back, or give it another address"
            )
    return found


def _stored_ranges(ctx: Ctx) -> list[str]:
    """Ranges that now hold what a setting claims. What DHCP lends may be a range of its own."""
    held, found = Claims(claims.of_appliance(appliance(ctx))), []
    network, range_ = tables.Network, tables.Range
    rows = ctx.db.execute(
        select(network.name, range_.first, range_.last)
        .join(network, network.id == range_.network_id)
        .where(range_.use.in_(("machines", "vip")))
        .order_by(range_.id)
    )
    for name, first, last in rows.tuples():
        begin, end = claims.parse(first), claims.parse(last)
        claim = held.within(begin, end) if begin and end else None
        if claim:
            found.append(
                f"the range of the network {name} ({first} to {last}) now holds {claim.holder} ({claim.first}"
                f"{f' to {claim.last}' if claim.last != claim.first else ''}); it is given to no machine"
            )
    return found


def _stored_names(ctx: Ctx) -> list[str]:
    names, found = _names(ctx), []
    for fqdn in ctx.db.scalars(select(tables.Assignment.fqdn)):
        holder = hostnames.holder_of_name(fqdn, names)
        if holder:
            found.append(
                f"a machine is called {fqdn}, which is now the name of {holder}; its certificate is not "
                "cleaned. Change the setting back, or unassign the machine and give it another name"
            )
    return found


def _stored_servers(ctx: Ctx) -> list[str]:
    """Servers that a cluster, role or machine is told to ask, and whose address is lent to anybody by now."""
    lent = Claims(claims.of_dhcp(appliance(ctx)))
    return [
        f"{claim.first} is {claim.holder}, and is inside of the DHCP range by now, which is given to any machine; change "
        "dhcp_first or dhcp_last, or the setting"
        for claim in settings.claims(ctx)
        if lent.on(claim.first)
    ]


def _settings(ctx: Ctx) -> list[str]:
    """Settings that are in each other's way."""
    site, config = appliance(ctx), ctx.config
    if site.dhcp is None:
        return []
    range_ = Claims(claims.of_dhcp(site))
    given = {
        "server_address": config.server_address,
        "puppet_address": config.puppet_address,
        "dhcp_gateway": config.dhcp_gateway,
    }
    given |= {f"dns_servers ({server})": server for server in site.dns}
    given |= {name: claims.host_of(url) for name, url in site.urls}
    inside: dict[str, str] = {}  # each address once, by the first setting that names it
    for name, text in given.items():
        address = claims.parse(text)
        if address and range_.on(address):
            inside.setdefault(str(address), name)
    return [
        f"the setting {name} is inside of the DHCP range {site.dhcp[0]} to {site.dhcp[1]}, which is given to any "
        "machine; change dhcp_first or dhcp_last"
        for name in inside.values()
    ]


def troubles(ctx: Ctx) -> list[str]:
    """What is wrong with the site, one sentence each: files that could not be read at the start, and what is stored and
    collides with what the settings say by now. Run it inside a use case."""
    return [
        *ctx.outside.troubles,
        *_stored_roles(ctx),
        *_settings(ctx),
        *_stored_addresses(ctx),
        *_stored_ranges(ctx),
        *_stored_names(ctx),
        *_stored_servers(ctx),
        *settings.troubles(ctx),
    ]
