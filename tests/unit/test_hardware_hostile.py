"""Reports are written by whoever controls the machine: nothing they hold may raise, grow or run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.hardware import PROBES, Inventory, Probe, identity, install_disk, parse
from oci.domain.hardware.document import MAX_DEPTH, NotJSON, load
from oci.domain.hardware.system import firmware
from oci.domain.hardware.text import MAX_BYTES, MAX_TEXT

PAYLOADS = [
    "$(reboot)",
    "`reboot`; rm -rf / #",
    "x' OR '1'='1'; DROP TABLE machine; --",
    "<script>alert(1)</script>",
    "{{ config }}${7*7}",
    "../../../../etc/passwd",
    "\x00\x1b]0;pwned\x07",
    "\u202egnp.exe",
]

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=30,
)
LSBLK_KEYS = [
    "name",
    "kname",
    "type",
    "size",
    "rota",
    "rm",
    "tran",
    "serial",
    "wwn",
    "children",
    "model",
    "fstype",
]
IP_KEYS = ["ifname", "link_type", "address", "permaddr", "flags", "linkinfo", "parentdev"]
LLDP_KEYS = [
    "lldp",
    "interface",
    "name",
    "chassis",
    "port",
    "vlan",
    "id",
    "descr",
    "value",
    "vlan-id",
    "Neighbors",
]


def shaped(keys: list[str]) -> st.SearchStrategy[object]:
    """JSON with the right keys and anything under them."""
    row = st.dictionaries(st.sampled_from(keys), json_like, max_size=len(keys))
    return row | st.lists(row, max_size=5) | st.dictionaries(st.sampled_from(keys), st.lists(row), max_size=4)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def hold(inventory: Inventory) -> None:
    """What is true of every inventory, whatever it was made of."""
    stored = inventory.to_dict()
    assert Inventory.from_dict(json.loads(json.dumps(stored, allow_nan=False))) == inventory
    for text in texts(stored):
        assert text.isprintable()
        assert len(text) <= 4 * MAX_TEXT
        text.encode()
    assert len(inventory.nics) <= 64
    assert len(inventory.dimms) <= 256
    assert len(inventory.disks) <= 2000
    assert len(inventory.problems) <= 64
    identity(inventory)
    install_disk(inventory)


@pytest.mark.parametrize("name", PROBES)
@given(output=st.binary(max_size=2000), error=st.binary(max_size=200), status=st.integers(-300, 300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_taken(name: str, output: bytes, error: bytes, status: int) -> None:
    hold(parse({name: Probe(output, error, status)}))


@given(st.text(max_size=50), st.binary(max_size=50))
def test_any_name_of_a_probe_is_taken(name: str, output: bytes) -> None:
    hold(parse({name: Probe(output, output, 1)}))


@given(shaped(LSBLK_KEYS), shaped(IP_KEYS), shaped(LLDP_KEYS), json_like)
@settings(max_examples=40, deadline=None)
def test_json_of_the_wrong_types_is_taken(devices: object, links: object, lldp: object, cpu: object) -> None:
    values = {"lsblk": {"blockdevices": devices}, "ip": links, "lldp": {"lldp": lldp}, "cpu": {"lscpu": cpu}}
    hold(parse({name: Probe(json.dumps(value).encode()) for name, value in values.items()}))


@pytest.mark.parametrize("opening", ['{"a":', "[", '{"lsblk":[{"children":[', '{"lldp":{"interface":[{"chassis":{'])
def test_json_nested_ten_thousand_deep(opening: str) -> None:
    deep = Probe((opening * 10_000).encode())
    found = parse(dict.fromkeys(PROBES, deep))
    hold(found)
    assert "lsblk returned JSON nested deeper than 64" in found.problems
    closing = "".join({"{": "}", "[": "]"}.get(c, "") for c in reversed(opening))
    hold(parse({name: Probe((opening * 10_000 + "1" + closing * 10_000).encode()) for name in PROBES}))


def test_depth_is_counted_outside_of_strings_only() -> None:
    assert load(json.dumps(["[{" * 500, '\\"[' * 99])) == ["[{" * 500, '\\"[' * 99]
    nest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert load(nest)
    with pytest.raises(NotJSON, match="nested deeper"):
        load(f"[{nest}]")
    for wrong in ('"', '{"a": "\\', "9" * 5000, "", "nul"):
        with pytest.raises(NotJSON, match="did not return JSON"):
            load(wrong)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_shell_sql_and_html_in_every_field_come_back_as_data(payload: str) -> None:
    p = payload.replace("\x00", "")
    disk = dict.fromkeys(LSBLK_KEYS, p) | {
        "type": "disk",
        "size": 5 * 10**9,
        "rota": False,
        "rm": False,
        "children": [],
    }
    link = dict.fromkeys(IP_KEYS, p) | {"link_type": "ether", "linkinfo": {}}
    chassis = {p: {"id": {"value": p}, "descr": p, "mgmt-ip": p}}
    lldp = {"lldp": {"interface": {p.strip(): {"chassis": chassis, "port": {"id": {"value": p}, "descr": p}}}}}
    dmi = "Handle 0x1, DMI type 1, 1 bytes\nManufacturer: P\nProduct Name: P\nSerial Number: P\nUUID: P\n"
    report = {
        "lsblk": json.dumps({"blockdevices": [disk]}),
        "ip": json.dumps([link]),
        "lldp": json.dumps(lldp),
        "dmidecode": dmi.replace("P\n", p + "\n"),
        "ethtool": f"### {p}\nPermanent address: {p}\ndriver: {p}\nbus-info: {p}\nfirmware-version: {p}\n",
        "bmc": f"IP Address : {p}\nMAC Address : {p}\nManufacturer Name : {p}\nFirmware Revision : {p}\n",
        "pci": f'00:01.0 "{p} [0200]" "{p} [8086]" "{p} [1234]"\n',
        "drivers": f"0000:00:01.0 0200 8086:1234 {p}\n",
        "disks": f"/dev/disk/by-path:\nlrwxrwxrwx 1 root root 9 Nov 1 00:00 {p} -> ../../{p}\n",
        "cpu": json.dumps({"lscpu": [{"field": "Model name:", "data": p}, {"field": "Socket(s):", "data": p}]}),
        "memory": f"MemTotal: {p} kB",
        "firmware": p,
        "cmdline": f"oci.mac={p}",
    }
    found = parse({name: Probe(text.encode(), p.encode(), 1) for name, text in report.items()})
    hold(found)
    assert (found.uuid, found.boot_mac, found.firmware, found.bmc.mac) == ("", "", "", "")
    assert found.nics[0].mac == ""
    if p.isprintable():
        assert (found.vendor, found.model, found.serial) == (p, p, p)
        assert (found.disks[0].model, found.disks[0].serial) == (p, p)
        assert found.cpu.model == p
        assert found.nics[0].driver == p


PIECES = [
    b" ",
    b"\n",
    b"\n\n",
    b'"',
    b'"\\',
    b"[",
    b"a:",
    b"### a\n",
    b"lldp.a.",
    b"00:00.0 ",
    b"Handle 0x1, DMI type 17, 1\nSize: 1 GB\n\n",
    b" -> ",
    b"LINK ",
    b"\xff",
]


class TooMany(Exception):
    """More steps than may be."""


def steps(sent: dict[str, Probe], most: int) -> int:
    """How many lines of Python parsing a report takes. Raises TooMany soon after `most` of them."""
    count = 0

    def line(_frame: FrameType, event: str, _argument: object) -> object:
        nonlocal count
        count += event == "line"
        if count > most:
            raise TooMany
        return line

    before = sys.gettrace()
    sys.settrace(lambda *_: line)
    try:
        parse(sent)
    finally:
        sys.settrace(before)
    return count


def filled(piece: bytes, size: int) -> dict[str, Probe]:
    """Every probe with at least `size` bytes of one piece."""
    return dict.fromkeys(PROBES, Probe(piece * (size // len(piece) + 10)))


@pytest.mark.parametrize("piece", PIECES)
def test_parsing_anything_takes_as_many_steps_as_its_size(piece: bytes) -> None:
    # Eight times the size: eight times the steps where they grow with the size, 64 times with its square.
    small = steps(filled(piece, 1 << 10), 1 << 20)
    steps(filled(piece, 1 << 13), 16 * small)


def test_steps_that_grow_with_the_square_of_the_size_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(text: str) -> str:
        words = text.split()
        for _ in words:
            for _ in words:
                pass
        return ""

    monkeypatch.setattr(firmware, "parse", slow)
    small = steps(filled(b"a ", 1 << 10), 1 << 20)
    with pytest.raises(TooMany):
        steps(filled(b"a ", 1 << 13), 16 * small)


@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_of_anything_is_read_and_the_rest_is_not(piece: bytes) -> None:
    """What a pattern that backtracks would cost here is in tests/bench/seconds.py."""
    found = parse(filled(piece, MAX_BYTES))
    hold(found)
    assert any(problem.endswith("the rest was not read") for problem in found.problems)


def test_a_thousand_probes_are_a_problem_and_no_more() -> None:
    hold(parse({f"x{n}": Probe(b"", b"", 1) for n in range(1000)}))
