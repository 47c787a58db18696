"""Why a network or a range cannot be as it is wanted beside what is there already."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks import networks as rules
from oci.domain.networks.claims import Claims
from oci.domain.networks.networks import Mistake, Network, Range
from oci.domain.networks.overlaps import set_mistakes
from oci.problems import Conflict, Problem
from oci.records.clusters import claims, networks

NETWORK = tables.Network


def canonical(text: str) -> str:
    """The one spelling of an address; what is none stays as it is."""
    address = rules.parsed(text)
    return str(address) if address is not None else text


def canonical_net(text: str) -> str:
    """The one spelling of a network; what is none stays as it is, for whoever tells why."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return text


def refuse_mistakes(mistakes: Sequence[Mistake]) -> None:
    """Raise Problem when a network or a range has a mistake of its own."""
    wrong = [str(mistake.text) for mistake in mistakes if mistake.field != "name"]
    if wrong:
        raise Problem("; ".join(wrong))


def refuse_beside_others(ctx: Ctx, network: Network, ranges: Sequence[Range]) -> None:
    """Raise Conflict when the network or its ranges do not go together with what is there."""
    rows = [row for row in ctx.db.scalars(select(NETWORK).order_by(NETWORK.name)) if row.name != network.name]
    others, theirs = networks.of_rows(ctx, rows), networks.ranges(ctx, rows)
    before = set(set_mistakes(others, theirs))
    new = [str(one.text) for one in set_mistakes([*others, network], [*theirs, *ranges]) if one not in before]
    if new:
        raise Conflict("; ".join(new))


def refuse_range(ctx: Ctx, one: Range) -> None:
    """Raise Conflict when the range would give away what is somebody's already."""
    first, last = ipaddress.ip_address(one.first), ipaddress.ip_address(one.last)
    if one.use == "reserved":
        return
    held = Claims(claims.but_dhcp(ctx)) if one.use == "live" else claims.for_range(ctx, one.use)
    found = held.within(first, last)
    if found:
        raise Conflict(
            f"the range {first} to {last} holds {found.holder} ({found.first} to {found.last}); choose a range without it"
        )
