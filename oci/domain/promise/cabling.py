"""Which card of a machine carries which network: a pure decision, or a refusal that says everything that is in the way.

The rules, in their order:

1. What a person ordered (`Override`) is done, or refused with the reason; it is never bent.
2. The provisioning network is where the machine boots from: on its boot card, without a tag, for firmware speaks none.
3. A network whose VLAN a switch port told by LLDP goes to that port, without a tag: the switch puts it on.
4. A network without a VLAN needs a wire of its own, so it takes a card that carries nothing yet.
5. A network with a VLAN takes the card that carries the fewest, those of its own purpose counted first, and is tagged there.
   So several cards share the load, two networks of one purpose are on two cards, and a machine with one card carries all.

Among equals the fastest card is taken, then by name, then by MAC. IPv4 and IPv6 of one wire go together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from oci.domain.hardware.inventory import Nic
from oci.domain.networks.networks import Network, mistakes, net_of, one_wire, parsed, why_no_host
from oci.domain.promise.cards import Card, NotFound, pick, usable
from oci.domain.promise.interfaces import Bond, Interface, Place, Way, vlan_name
from oci.domain.promise.override import NOTHING, BondOrder, Override, mistakes_of_bond, mistakes_of_order

__all__ = ["NOTHING", "BadCabling", "BondOrder", "Override", "cabling"]


class BadCabling(ValueError):
    """No cabling as it was asked for; `reasons` are all that is in the way, each with what can be done instead."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass
class _Carrier:
    """A card, or a bond of several, and the wires that it carries: with their tag or without."""

    name: str
    cards: tuple[Card, ...]
    bond: Bond | None = None
    tagged: list[_Wire] = field(default_factory=list)
    plain: list[_Wire] = field(default_factory=list)

    @property
    def carried(self) -> list[_Wire]:
        return [*self.plain, *self.tagged]

    @property
    def seen(self) -> int | None:
        """The VLAN that the switch puts on what comes without a tag; None where ports do not agree, or did not tell."""
        told = {card.vlan for card in self.cards}
        return told.pop() if len(told) == 1 else None

    @property
    def rank(self) -> tuple[object, ...]:
        return min(card.rank for card in self.cards)

    def boots(self, boot_mac: str) -> bool:
        """Whether the machine boots from one of its cards."""
        return any(card.mac == boot_mac for card in self.cards)

    def load(self, wire: _Wire) -> tuple[object, ...]:
        same = sum(other.purpose == wire.purpose for other in self.carried)
        return same, len(self.carried), self.rank


@dataclass(frozen=True)
class _Wire:
    """Networks that are one layer 2: one, or the two families of a dual stack."""

    networks: tuple[Network, ...]

    @property
    def vlan(self) -> int:
        return self.networks[0].vlan

    @property
    def purpose(self) -> str:
        return self.networks[0].purpose

    @property
    def mtu(self) -> int:
        return max(network.mtu for network in self.networks)

    @property
    def names(self) -> str:
        return " and ".join(network.name for network in self.networks)


def cabling(
    networks: Sequence[Network],
    nics: Sequence[Nic],
    addresses: Mapping[str, str],
    override: Override = NOTHING,
    boot_mac: str = "",
) -> tuple[Interface, ...]:
    """The interfaces that carry `networks` (those of the role, the most important first) on the cards `nics`.

    `addresses` has the machine's address for each network's name, without prefix length; '' where it is to have none.
    `boot_mac` is the permanent MAC of the card that it boots from; '' when not known. The same input gives the same
    interfaces, whatever the order of `nics` and `addresses`. Raises BadCabling with all reasons.
    """
    reasons = [*_of_networks(networks), *_of_addresses(networks, addresses)]
    cards, useless = usable(nics, boot_mac)
    carriers = _carriers(cards, useless, override, reasons)
    reasons += mistakes_of_order(networks, override, carriers, [card.name for c in carriers.values() for card in c.cards])
    reasons += _torn(networks, override)
    if networks and not carriers:
        reasons.append(f"no card can be used: {'; '.join(useless.values()) or 'the report lists none'}")
    if not reasons:
        wires = _wires(networks, override)
        reasons += _carry(wires, carriers, useless, override, boot_mac)
    if reasons:
        raise BadCabling(tuple(dict.fromkeys(reasons)))
    return _interfaces(carriers, _places(networks, addresses, override), override)


# -- what cannot be


def _of_networks(networks: Sequence[Network]) -> list[str]:
    reasons = [str(mistake) for network in networks for mistake in mistakes(network)]
    names = [network.name for network in networks]
    reasons += [f"network {name} is wanted twice; name it once" for name in sorted({n for n in names if names.count(n) > 1})]
    for number, network in enumerate(networks):
        # With each of them: of three, two may be one wire with the first and not with each other.
        alike = [other for other in networks[:number] if network.vlan and other.vlan == network.vlan]
        other = next((other for other in alike if not one_wire(other, network)), None)
        if other is not None:
            reasons.append(
                f"networks {other.name} and {network.name} both have VLAN {network.vlan}, so a machine cannot "
                "tell them apart; give one another VLAN"
            )
    return reasons


def _torn(networks: Sequence[Network], override: Override) -> list[str]:
    """Networks of one wire that were ordered to two cards."""
    return [
        f"networks {one.name} and {other.name} are one wire, VLAN {one.vlan}, and were ordered to {words[0]} and to "
        f"{words[1]}; order both to one"
        for number, one in enumerate(networks)
        for other in networks[number + 1 :]
        if one.vlan and one.vlan == other.vlan and one_wire(one, other)
        if (words := (override.cards.get(one.name, ""), override.cards.get(other.name, ""))) and all(words)
        if words[0] != words[1]
    ]


def _of_addresses(networks: Sequence[Network], addresses: Mapping[str, str]) -> list[str]:
    named = {network.name: network for network in networks}
    reasons = [
        f"there is an address for network {name[:63]}, which is not wanted; leave it out, or want the network"
        for name in sorted(set(addresses) - set(named))
    ]
    for name, network in named.items():
        net, text = net_of(network), addresses.get(name)
        if text is None:
            reasons.append(f"no address was given for network {name}; give one, or an empty one if it is to have none")
        elif text and net is not None:
            address = parsed(text)
            why = "is no address" if address is None else why_no_host(address, net)
            if why:
                reasons.append(f"address {text[:64]} for network {name} {why}; take one of {net}")
            elif text in (network.gateway, *(route.via for route in network.routes)):
                reasons.append(f"address {text} for network {name} is a router's; take another one of {net}")
    return reasons


# -- cards and bonds


def _carriers(
    cards: Sequence[Card], useless: Mapping[str, str], override: Override, reasons: list[str]
) -> dict[str, _Carrier]:
    """Bonds as they were ordered, and each other card by itself, by name. What is in the way is added to `reasons`."""
    bonds: dict[str, _Carrier] = {}
    bonded: dict[str, str] = {}
    for order in override.bonds:
        reasons += mistakes_of_bond(order, [*bonds, *(card.name for card in cards)])
        parts: list[Card] = []
        for word in order.cards:
            try:
                card = pick(word, cards, useless)
            except NotFound as why:
                reasons.append(f"bond {order.name[:40]}: {why}")
                continue
            owner = bonded.setdefault(card.mac, order.name)
            if owner != order.name or card in parts:
                reasons.append(f"card {card.name} is in bond {owner[:40]} already; a card is in one bond, once")
            parts.append(card)
        if parts:
            bonds[order.name] = _Carrier(order.name, tuple(parts), order.how)
    alone = {card.name: _Carrier(card.name, (card,)) for card in cards if card.mac not in bonded}
    return {**bonds, **alone}


# -- which carrier


def _wires(networks: Sequence[Network], override: Override) -> list[_Wire]:
    """Networks that go together. Without a VLAN that is certain only for one IPv4 and one IPv6 of a purpose."""
    wires: list[list[Network]] = []
    for network in networks:
        pairs = [wire for wire in wires if len(wire) == 1 and one_wire(wire[0], network)]
        alike = [other for other in networks if other.purpose == network.purpose and not other.vlan]
        ordered = override.cards.get(network.name, ""), override.cards.get(pairs[0][0].name, "") if pairs else ""
        # What has one VLAN is one wire whatever was ordered: two interfaces of it would have one name.
        if pairs and (network.vlan or (len(alike) == 2 and ordered[0] == ordered[1])):
            pairs[0].append(network)
        else:
            wires.append([network])
    return [_Wire(tuple(wire)) for wire in wires]


def _carry(
    wires: Sequence[_Wire], carriers: Mapping[str, _Carrier], useless: Mapping[str, str], override: Override, boot_mac: str
) -> list[str]:
    """Give every wire to a carrier; what could not be given is told."""
    cards = [card for carrier in carriers.values() for card in carrier.cards]
    reasons: list[str] = []
    fixed = {wire: told for wire in wires if (told := _ordered(wire, carriers, cards, useless, override, reasons))}
    vlans = {wire.vlan for wire in wires if wire.vlan}
    for wire in sorted(wires, key=lambda wire: _turn(wire, wire in fixed, carriers)):
        if any(network.name in override.cards for network in wire.networks) and wire not in fixed:
            continue  # told already
        carrier = fixed.get(wire) or _chosen(wire, carriers, vlans, cards, useless, boot_mac)
        if isinstance(carrier, str):
            reasons.append(carrier)
            continue
        booted = wire.purpose == "provisioning" and not carrier.plain and carrier.boots(boot_mac)
        bare = not wire.vlan or booted or carrier.seen == wire.vlan
        forced = any(network.name in override.tagged for network in wire.networks)
        if bare and not forced:
            if carrier.plain and wire not in fixed:
                reasons.append(
                    f"card {carrier.name} carries {carrier.plain[0].names} without a tag, so {wire.names} cannot be "
                    "there too; give it a VLAN, or order another card for it"
                )
            carrier.plain.append(wire)
        else:
            carrier.tagged.append(wire)
    return reasons + _of_bridges(carriers, override)


def _of_bridges(carriers: Mapping[str, _Carrier], override: Override) -> list[str]:
    """A bridge has one port here, and a port is in one bridge."""
    ports = [ports for carrier in carriers.values() for ports in (carrier.plain, *([wire] for wire in carrier.tagged))]
    reasons: list[str] = []
    owners: dict[str, str] = {}
    for port in ports:
        names = sorted({override.bridges[n.name] for wire in port for n in wire.networks if n.name in override.bridges})
        told = " and ".join(wire.names for wire in port)
        if len(names) > 1:
            reasons.append(f"{told} come by one port, which cannot be in {' and in '.join(names)}; name one bridge")
        for name in names:
            if owners.setdefault(name, told) != told:
                reasons.append(f"bridge {name} would join {owners[name]} with {told}; name a bridge for each")
    return reasons


def _turn(wire: _Wire, fixed: bool, carriers: Mapping[str, _Carrier]) -> int:
    """What has the least choice is given first; among equals the role's own order stays."""
    if fixed:
        return 0
    if wire.purpose == "provisioning":
        return 1
    if wire.vlan and any(carrier.seen == wire.vlan for carrier in carriers.values()):
        return 2
    return 4 if wire.vlan else 3


def _ordered(
    wire: _Wire,
    carriers: Mapping[str, _Carrier],
    cards: Sequence[Card],
    useless: Mapping[str, str],
    override: Override,
    reasons: list[str],
) -> _Carrier | None:
    found: _Carrier | None = None
    for network in wire.networks:
        word = override.cards.get(network.name, "")
        if not word:
            continue
        if word in carriers:
            found = carriers[word]
            continue
        try:
            card = pick(word, cards, useless)
        except NotFound as why:
            reasons.append(f"network {network.name}: {why}")
            return None
        found = next(carrier for carrier in carriers.values() if card in carrier.cards)
    return found


def _chosen(
    wire: _Wire,
    carriers: Mapping[str, _Carrier],
    vlans: set[int],
    cards: Sequence[Card],
    useless: Mapping[str, str],
    boot_mac: str,
) -> _Carrier | str:
    """The carrier that the rules give `wire`, or why there is none."""
    if wire.purpose == "provisioning" and boot_mac:
        boots = next((carrier for carrier in carriers.values() if carrier.boots(boot_mac)), None)
        if boots and not boots.plain:
            return boots
        if boots is None or boots.plain[0].purpose != wire.purpose:
            other = f"{boots.name} carries {boots.plain[0].names} without a tag" if boots else ""
            why = other or useless.get(boot_mac, f"the report lists no card {boot_mac}")
            return f"network {wire.names} belongs on the card that the machine boots from, and {why}; order a card for it"
    native = [carrier for carrier in carriers.values() if wire.vlan and carrier.seen == wire.vlan and not carrier.plain]
    if native:
        return min(native, key=lambda carrier: carrier.load(wire))
    if wire.vlan:
        fit = [carrier for carrier in carriers.values() if not (carrier.plain and carrier.seen == wire.vlan)]
        return min(fit or carriers.values(), key=lambda carrier: carrier.load(wire))
    # Where the switch told another network's VLAN, what comes without a tag is that network.
    free = [carrier for carrier in carriers.values() if not carrier.plain and carrier.seen not in vlans]
    if free:
        return min(free, key=lambda carrier: carrier.load(wire))
    told = [f"{c.name} carries {c.plain[0].names if c.plain else f'VLAN {c.seen} by the switch'}" for c in carriers.values()]
    told += useless.values()
    return (
        f"network {wire.names} has no VLAN, so it needs a card of its own, and none is free: {'; '.join(told)}; "
        "give it a VLAN, add a card, or order a card for it"
    )


# -- from carriers to interfaces


def _places(networks: Sequence[Network], addresses: Mapping[str, str], override: Override) -> dict[str, Place]:
    """What the machine is on each network. One gateway of each family leads everywhere: `default`'s, else the first."""
    default: dict[int, str] = {}
    nets = {network.name: net for network in networks if (net := net_of(network)) is not None}
    for network in sorted(networks, key=lambda network: network.name != override.default):
        if network.gateway and addresses[network.name]:
            default.setdefault(nets[network.name].version, network.name)
    places = {}
    for network in networks:
        net, text = nets[network.name], addresses[network.name]
        leads = default.get(net.version) == network.name
        places[network.name] = Place(
            network.name,
            f"{parsed(text)}/{net.prefixlen}" if text else "",
            network.mtu,
            str(parsed(network.gateway)) if leads else "",
            tuple(str(parsed(server)) for server in network.dns) if text else (),
            tuple(Way(route.to, str(parsed(route.via))) for route in network.routes) if text else (),
        )
    return places


def _interfaces(carriers: Mapping[str, _Carrier], places: Mapping[str, Place], override: Override) -> tuple[Interface, ...]:
    """Cards first, then bonds, VLANs and bridges: each after what it is made of."""
    cards: list[Interface] = []
    bonds: list[Interface] = []
    vlans: list[Interface] = []
    bridges: dict[str, Interface] = {}
    for carrier in sorted(carriers.values(), key=lambda carrier: carrier.rank):
        if not carrier.carried:
            continue
        mtu = max(wire.mtu for wire in carrier.carried)
        needed = any(_required(wire, places) for wire in carrier.carried)
        held, master = _held(carrier.plain, places, override, bridges)
        own = Interface(carrier.name, "bond", mtu=mtu, bond=carrier.bond, places=held, master=master, required=needed)
        if carrier.bond:
            bonds.append(own)
        for card in sorted(carrier.cards, key=lambda card: card.rank):
            part = Interface(card.name, "card", card.mac, mtu, master=carrier.name if carrier.bond else master)
            cards.append(part if carrier.bond else replace(part, places=held, required=needed))
        for wire in sorted(carrier.tagged, key=lambda wire: wire.vlan):
            held, master = _held([wire], places, override, bridges)
            need = _required(wire, places)
            vlans.append(
                Interface(
                    vlan_name(wire.vlan),
                    "vlan",
                    mtu=wire.mtu,
                    parent=carrier.name,
                    vlan=wire.vlan,
                    master=master,
                    places=held,
                    required=need,
                )
            )
    return (*cards, *bonds, *vlans, *(bridges[name] for name in sorted(bridges)))


def _required(wire: _Wire, places: Mapping[str, Place]) -> bool:
    """A start waits for what leads to the appliance and everywhere; a dead storage cable is told by checks instead."""
    return wire.purpose == "provisioning" or any(places[network.name].gateway for network in wire.networks)


def _held(
    wires: Sequence[_Wire], places: Mapping[str, Place], override: Override, bridges: dict[str, Interface]
) -> tuple[tuple[Place, ...], str]:
    """What an interface that carries `wires` has itself, and the bridge that has it instead, which is added to `bridges`."""
    held = tuple(places[network.name] for wire in wires for network in wire.networks)
    names = [override.bridges[place.network] for place in held if place.network in override.bridges]
    if not names:
        return held, ""
    needed = any(_required(wire, places) for wire in wires)
    bridges[names[0]] = Interface(names[0], "bridge", mtu=max(w.mtu for w in wires), places=held, required=needed)
    return (), names[0]
