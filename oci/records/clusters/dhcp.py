"""The networks that DHCP serves, out of the database. Shared by use cases; holds none itself."""

from __future__ import annotations

import ipaddress

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks.networks import net_of
from oci.records.clusters import names, networks
from oci.render.appliance.dnsmasq import DhcpNetwork

BOOT_WIRE = "boot-wire"
"""What the network of the settings is called where no row stands for it."""


def served(ctx: Ctx) -> tuple[DhcpNetwork, ...]:
    """What DHCP serves; empty when no row says so: then it is what the settings say, and nothing else.

    A row in which the appliance has its address stands for the network of the settings; without one that is served too.
    """
    rows = list(ctx.db.scalars(select(tables.Network).where(tables.Network.serves != "none").order_by(tables.Network.name)))
    if not rows or ctx.config.dhcp_mode != "dhcp":
        return ()
    ranges, own = networks.ranges(ctx, rows), ipaddress.ip_address(ctx.config.server_address)
    found = [
        DhcpNetwork(
            network.name,
            network.cidr,
            tuple((one.first, one.last) for one in ranges if one.network == network.name and one.use == "live"),
            ctx.config.dhcp_interface if network.serves == "ranges" else "",
            network.gateway,
            network.dns or _servers(ctx, network.cidr),
            mtu=network.mtu,
        )
        for network in networks.of_rows(ctx, rows)
    ]
    nets = [net for row in networks.of_rows(ctx, rows) if (net := net_of(row)) is not None]
    return tuple(found) if any(own in net for net in nets) else (_of_settings(ctx), *found)


def _servers(ctx: Ctx, cidr: str) -> tuple[str, ...]:
    version = ipaddress.ip_network(cidr).version
    return tuple(server for server in names.dns_servers(ctx) if ipaddress.ip_address(server).version == version)


def _of_settings(ctx: Ctx) -> DhcpNetwork:
    c = ctx.config
    net = ipaddress.ip_network(f"{c.server_address}/{c.dhcp_netmask}", strict=False)
    lent = ((c.dhcp_first, c.dhcp_last),) if c.dhcp_first else ()
    return DhcpNetwork(BOOT_WIRE, str(net), lent, c.dhcp_interface, c.dhcp_gateway, names.dns_servers(ctx))
