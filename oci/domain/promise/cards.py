"""Cards as cabling needs them: which can be used, why the others cannot, and which one a person means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oci.domain.hardware.inventory import Nic
from oci.domain.identity.facts import canonical_mac
from oci.domain.words import is_interface, is_mac

_DIGITS = re.compile(r"([0-9]+)")


class NotFound(ValueError):
    """No card, or more than one, is what a word means; the text says which there are."""


@dataclass(frozen=True)
class Card:
    """A card that can be used. `vlan` and `port` are what LLDP told of the switch port that it is plugged into."""

    name: str
    mac: str
    speed: int = 0
    linked: bool = False
    vlan: int | None = None
    switch: str = ""
    port: str = ""

    @property
    def rank(self) -> tuple[object, ...]:
        """The better, the lower: a link that is certain, then by speed, by name with numbers as numbers, by MAC."""
        words = tuple((int(word), "") if word.isdigit() else (-1, word) for word in _DIGITS.split(self.name))
        return not self.linked, -self.speed, words, self.mac

    @property
    def told(self) -> str:
        """The card in words."""
        return f"{self.name} ({self.mac}{f', {self.switch} {self.port}' if self.switch else ''})"


def usable(nics: Sequence[Nic], boot_mac: str = "") -> tuple[tuple[Card, ...], dict[str, str]]:
    """The cards of a report that can carry a network, best first, and for each other one why not, by MAC or name.

    The boot card had a link when it booted, whatever the report says of it.
    """
    good: list[Card] = []
    useless: dict[str, str] = {}
    for nic in sorted(nics, key=lambda nic: (nic.name, nic.mac)):
        mac = canonical_mac(nic.mac)
        why = _why_not(nic, mac, boot_mac)
        twin = next((card for card in good if card.mac == mac or card.name == nic.name), None)
        if not why and twin:
            why = f"card {nic.name} has the MAC or the name of card {twin.name}"
        if why:
            useless[mac or nic.name] = why
        else:
            there = nic.neighbour
            good.append(
                Card(
                    nic.name,
                    mac,
                    nic.speed_mbps or 0,
                    nic.link is True,
                    there.vlan if there else None,
                    there.chassis if there else "",
                    there.port if there else "",
                )
            )
    return tuple(sorted(good, key=lambda card: card.rank)), useless


def _why_not(nic: Nic, mac: str, boot_mac: str) -> str:
    name = nic.name[:40] or nic.guid or "without a name"
    if nic.kind != "ethernet":
        return f"card {name} is {nic.kind[:20]}, not Ethernet"
    if nic.bmc_usb:
        return f"card {name} leads to the machine's own controller"
    if not mac or not is_mac(mac):
        return f"card {name} has no MAC of its own, so it could not be found again"
    if not is_interface(nic.name):
        return f"card {name!r} ({mac}) has no name that an interface can have"
    if nic.link is False and mac != boot_mac:
        return f"card {name} ({mac}) has no link; plug its cable in, or switch its port on"
    return ""


def pick(word: str, cards: Sequence[Card], useless: Mapping[str, str]) -> Card:
    """The card that `word` means: a MAC in any spelling, a name, or `SWITCH PORT` as LLDP told. Raises NotFound."""
    mac = canonical_mac(word)
    meant = [
        card for card in cards if card.mac == mac or word in (card.name, f"{card.switch} {card.port}" if card.switch else "")
    ]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise NotFound(f"{word[:64]!r} is more than one card: {', '.join(card.told for card in meant)}; name a MAC")
    why = useless.get(mac) or next((told for told in useless.values() if told.startswith(f"card {word} ")), "")
    there = ", ".join(card.told for card in cards) or "none"
    raise NotFound(f"{word[:64]!r} cannot be used: {why or 'no card is that'}; cards that can be used: {there}")
