"""Whose network boot is this, as far as a boot loader's words go? They prove nothing; a report does.

Before the report only two answers are to be chosen between: the machine's own disk, and the live image, which finds out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oci.domain.identity.facts import canonical_uuid, serial_number, uuid_spellings
from oci.domain.identity.fillers import bare


@dataclass(frozen=True)
class Record:
    """What is known of one machine. `says` are pairs of UUID and serial that its boot loader was proved to use.

    `wanted_live`: work waits for it in the live image. `own_disk`: its own disk is due.
    """

    machine_id: int
    uuid: str = ""
    serial: str = ""
    says: tuple[tuple[str, str], ...] = ()
    own_disk: bool = False
    wanted_live: bool = False


@dataclass(frozen=True)
class Owner:
    """The machine that a boot seems to be, None when the words fit none. `new_card`: known by UUID and serial alone.

    `denied` are machines that have the card and that the words speak against.
    """

    machine_id: int | None
    new_card: bool = False
    denied: tuple[int, ...] = ()


def fits(uuid: str, serial: str, record: Record) -> int:
    """1 when what a boot loader says is the record's, -1 when it is another's, 0 when it says nothing.

    A UUID counts in both byte orders, and before the serial, which the nodes of one enclosure share. A filler
    says nothing, nor does a record that has never reported.
    """
    uuid, serial = canonical_uuid(uuid), serial_number(serial)
    for known_uuid, known_serial in ((record.uuid, record.serial), *record.says):
        if uuid and uuid in uuid_spellings(known_uuid):
            return 1
        if not uuid and serial and bare(serial) == bare(serial_number(known_serial)):
            return 1
    if uuid and (canonical_uuid(record.uuid) or record.says):
        return -1
    known = bare(serial_number(record.serial))
    return -1 if serial and known and bare(serial) != known else 0


def owner(uuid: str, serial: str, by_mac: Sequence[Record], by_words: Sequence[Record]) -> Owner:
    """Choose among the machines that have the MAC of the boot, then among those whose UUID is told.

    A machine whose card is not known is taken for itself only when its UUID and its serial both say so, and nobody
    else's do: so it is after a mainboard was replaced and its label written again.
    """
    judged = [(fits(uuid, serial, record), record) for record in by_mac]
    denied = tuple(record.machine_id for says, record in judged if says < 0)
    for wanted in (1, 0):
        found = [record for says, record in judged if says == wanted]
        if found:
            return Owner(_one_of(found), denied=denied)
    called = bare(serial_number(serial))
    twins = [
        r
        for r in by_words
        if r.machine_id not in denied and fits(uuid, "", r) > 0 and called and called == bare(serial_number(r.serial))
    ]
    return Owner(twins[0].machine_id if len(twins) == 1 else None, len(twins) == 1, denied)


def _one_of(found: Sequence[Record]) -> int | None:
    """The one among machines that share a card and are told apart by nothing: where work waits, else where a disk is due."""
    for chosen in ([r for r in found if r.wanted_live], [r for r in found if r.own_disk]):
        if len(found) > 1 and chosen:
            return chosen[0].machine_id if len(chosen) == 1 or chosen[0].own_disk else None
    return found[0].machine_id if len(found) == 1 else None
