"""What a person orders of a machine's cabling instead of what the rules would do, and what such an order may not say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from oci.domain.networks.networks import Network
from oci.domain.promise.interfaces import HASHES, MODES, Bond, vlan_name
from oci.domain.quantities import counted
from oci.domain.words import is_interface


@dataclass(frozen=True)
class BondOrder:
    """A bond that a person ordered; `cards` are named by MAC, name, or `SWITCH PORT` as LLDP told."""

    name: str
    cards: tuple[str, ...]
    how: Bond = field(default_factory=Bond)


@dataclass(frozen=True)
class Override:
    """What a person ordered instead of what the rules would do. Keys of all mappings are names of networks.

    `cards`: the card (by MAC, name or `SWITCH PORT`) or the bond for a network. `bridges`: the name of a bridge that has the
    network's address, and the network's VLAN or card as its port. `tagged`: these carry their tag whatever LLDP or the boot
    said. `default`: the network whose gateway leads everywhere; empty: the first that has one, for each family.
    """

    cards: Mapping[str, str] = field(default_factory=dict)
    bonds: tuple[BondOrder, ...] = ()
    bridges: Mapping[str, str] = field(default_factory=dict)
    tagged: frozenset[str] = frozenset()
    default: str = ""


NOTHING = Override()


def mistakes_of_order(
    networks: Sequence[Network], override: Override, carriers: Collection[str], cards: Collection[str]
) -> list[str]:
    """What is wrong with `override` on a machine that has the interfaces `carriers` (cards alone, and bonds) and `cards`.

    Each with what can be done instead; empty when it can be carried out as far as names go.
    """
    names = {network.name for network in networks}
    told = {"cards": set(override.cards), "bridges": set(override.bridges), "tagged": set(override.tagged)}
    told["default"] = {override.default} - {""}
    reasons = [
        f"the order for {what} names network {name[:63]}, which is not wanted; leave it out, or want the network"
        for what, found in told.items()
        for name in sorted(found - names)
    ]
    gateways = {network.name for network in networks if network.gateway}
    if override.default in names - gateways:
        reasons.append(f"network {override.default} is to lead everywhere and has no gateway; choose another")
    untagged = {network.name for network in networks if not network.vlan}
    reasons += [
        f"network {name} is to carry a tag and has no VLAN; give it one, or leave it out of `tagged`"
        for name in sorted(override.tagged & untagged)
    ]
    taken = {*carriers, *cards}
    taken |= {vlan_name(network.vlan) for network in networks if network.vlan}
    reasons += [
        f"VLAN {network.vlan} of network {network.name} needs the name {vlan_name(network.vlan)}, which another "
        "interface has; call that one otherwise"
        for network in networks
        if network.vlan and vlan_name(network.vlan) in carriers
    ]
    bridges = sorted(set(override.bridges.values()))
    reasons += [
        f"bridge {name[:40]!r} cannot be called so; take a name like br-ex, of at most 15 characters, that no interface has"
        for name in bridges
        if not is_interface(name) or name in taken
    ]
    return reasons


def mistakes_of_bond(order: BondOrder, taken: Collection[str]) -> list[str]:
    """What is wrong with one bond, where the names `taken` are not free any more; each with what can be done instead."""
    subject = f"bond {order.name[:40]!r}"
    reasons = []
    if not is_interface(order.name) or order.name in taken:
        reasons.append(f"{subject} cannot be called so; take a name like bond0, of at most 15 characters, that no card has")
    if not order.cards:
        reasons.append(f"{subject} has no card; name at least one")
    if order.how.mode not in MODES:
        reasons.append(f"{subject} has mode {order.how.mode[:40]!r}; choose one of {', '.join(MODES)}")
    if order.how.hash not in HASHES:
        reasons.append(f"{subject} has hash policy {order.how.hash[:40]!r}; choose one of {', '.join(HASHES)}")
    if not 1 <= order.how.least <= max(len(order.cards), 1):
        cards = counted(len(order.cards), "card")
        reasons.append(f"{subject} wants a link on {order.how.least} of {cards}; take 1 to {len(order.cards)}")
    return reasons
