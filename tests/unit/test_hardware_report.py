"""Whole reports: joined facts, problems as sentences, the choice and the name of a disk."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from oci.domain.hardware import (
    PROBES,
    AmbiguousDisk,
    Disk,
    Inventory,
    Nic,
    Probe,
    clock_is_wrong,
    disk_name,
    disk_named,
    fixed_disks,
    identity,
    install_disk,
    parse,
)

REPORTS = Path(__file__).resolve().parents[1] / "hardware"
GB = 10**9


def report(folder: Path) -> dict[str, Probe]:
    """The report kept in `folder`: NAME is a probe's output, NAME.err and NAME.exit are optional."""
    outputs = (path for path in folder.iterdir() if path.is_file() and "." not in path.name)
    return {
        path.name: Probe(
            path.read_bytes(),
            err.read_bytes() if (err := path.with_suffix(".err")).exists() else b"",
            int(status.read_text()) if (status := path.with_suffix(".exit")).exists() else 0,
        )
        for path in outputs
    }


QEMU = report(REPORTS / "qemu-bios")


@pytest.mark.parametrize("folder", sorted(p.parent for p in REPORTS.glob("*/expected.json")), ids=lambda p: p.name)
def test_every_kept_report_parses_as_expected(folder: Path) -> None:
    assert parse(report(folder)).to_dict() == json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize(("seconds", "said"), [(3600, "1 h ahead"), (-3600, "1 h behind"), (5, "")])
def test_a_clock_that_is_wrong_is_told(seconds: int, said: str) -> None:
    output = f"local {1795248000 + seconds} x\nremote Sat, 21 Nov 2026 08:00:00 GMT\n"
    found = parse({**QEMU, "clock": Probe(output.encode())})
    told = [problem for problem in found.problems if "clock" in problem]
    assert found.clock_skew_seconds == seconds
    assert [said in problem for problem in told] == [True] * bool(said)
    assert clock_is_wrong({"clock": Probe(output.encode())}) == bool(said)


def test_stored_inventories_of_other_versions_are_read() -> None:
    found = parse(QEMU)
    stored = found.to_dict()
    assert Inventory.from_dict(json.loads(json.dumps(stored))) == found
    assert Inventory.from_dict({}) == Inventory()
    newer = {**stored, "gpus": [1], "nics": [{"name": "e", "colour": "red"}, "x"], "dimms": None, "cpu": 7}
    assert Inventory.from_dict(newer).nics == (Nic("e"),)


def test_problems_are_sentences() -> None:
    broken = {
        **QEMU,
        "lldp": Probe(b"", b"", 124),
        "pci": Probe(b"", b"\n  lspci: Cannot open \x1b /proc/bus/pci\nmore\n", 1),
        "drivers": Probe(b"", b"sh: not found", 127),
        "lsblk": Probe(b"lsblk: unknown column", b"", 0),
        "ip": Probe(b"", b"", 0),
        "clock": Probe(b"", b"", 3),
    }
    del broken["memory"]
    assert parse(broken).problems == (
        "probe memory is missing from the report",
        "probe clock ended with status 3",
        "probe drivers ended with status 127 (command not found)",
        "probe ip returned nothing",
        "probe lldp ended with status 124 (timed out)",
        "probe pci ended with status 1 (lspci: Cannot open \ufffd /proc/bus/pci)",
        "lsblk did not return JSON",
    )


def test_an_empty_report_is_an_empty_inventory() -> None:
    found = parse({})
    assert replace(found, problems=()) == Inventory(disks_missing="the probe lsblk returned nothing")
    assert len(found.problems) == len(PROBES)


def test_a_machine_without_a_bmc_has_no_problem_with_it() -> None:
    silent = {**QEMU, "bmc": Probe(b"", b"Could not open device at /dev/ipmi0", 1)}
    assert parse(silent).problems == ("probe bmc ended with status 1 (Could not open device at /dev/ipmi0)",)
    assert parse(silent).bmc.present, "the firmware announces one"
    silent["dmidecode"] = Probe(QEMU["dmidecode"].output.replace(b"DMI type 38", b"DMI type 222"))
    assert parse(silent).problems == ()
    assert not parse(silent).bmc.present


def test_firmware_helps_out_where_lscpu_speaks_german() -> None:
    german = json.dumps({"lscpu": [{"field": "Sockel:", "data": "1"}, {"field": "CPU(s):", "data": "2"}]})
    found = parse({**QEMU, "cpu": Probe(german.encode())}).cpu
    assert (found.sockets, found.cores, found.threads) == (1, 2, 2)


def test_memory_comes_from_the_kernel_where_the_firmware_is_silent() -> None:
    assert parse({**QEMU, "dmidecode": Probe(b"# No SMBIOS nor DMI entry point found")}).memory_bytes == 982740 * 1024


def test_nics_are_found_without_ip() -> None:
    found = parse({**QEMU, "ip": Probe(b"", b"", 127)})
    assert [(nic.name, nic.mac) for nic in found.nics] == [
        ("enp0s2", "52:54:00:a1:00:01"),
        ("enp0s3", "52:54:00:a1:00:02"),
    ]


def links(*names: str, **more: str) -> Probe:
    return Probe(json.dumps([{"ifname": n, "link_type": "ether", "flags": [], **more} for n in names]).encode())


def test_the_permanent_mac_counts_in_a_bond() -> None:
    cards = b"### eno1\nPermanent address: b0:26:28:00:00:01\n### eno2\nPermanent address: 00:00:00:00:00:00\n"
    found = parse({"ip": links("eno1", "eno2", address="02:00:00:00:00:09"), "ethtool": Probe(cards)})
    assert [nic.mac for nic in found.nics] == ["b0:26:28:00:00:01", "02:00:00:00:00:09"]


def test_the_usb_card_of_the_bmc_is_flagged_and_tells_nothing() -> None:
    cards = b"### idrac\ndriver: cdc_ether\nbus-info: usb-0000:00:14.0-3\nPermanent address: 10:98:36:9e:00:01\n"
    found = parse({"ip": links("idrac"), "ethtool": Probe(cards)})
    assert found.nics[0].bmc_usb
    assert identity(found).macs == frozenset()


def test_macs_that_do_not_fit_are_told() -> None:
    found = parse({**QEMU, "ip": links("a", "b", address="52:54:00:a1:00:07"), "ethtool": Probe(b"")})
    assert found.problems[-2:] == (
        "more than one NIC has the permanent MAC 52:54:00:a1:00:07",
        "the machine booted from MAC 52:54:00:a1:00:01, which none of its NICs has",
    )


def inventory(*disks: Disk) -> Inventory:
    return Inventory(disks=disks)


SSD = Disk("sda", wwn="0x5000c500a1b2c3d4", serial="S1", path="pci-1", bytes=240 * GB)


def test_the_smallest_fit_disk_is_taken() -> None:
    big, tiny = Disk("sdb", bytes=8000 * GB), Disk("sdc", bytes=4 * GB - 1)
    assert install_disk(inventory(big, SSD, tiny)) == SSD
    assert install_disk(inventory(tiny)) is None
    assert install_disk(inventory()) is None


@pytest.mark.parametrize(
    "change",
    [
        {"transport": "usb"},
        {"removable": True},
        {"virtual_media": True},
        {"multipath": True},
        {"read_only": True},
        {"transport": "iscsi"},
        {"transport": "fc"},
    ],
)
def test_what_is_never_offered(change: dict[str, object]) -> None:
    other = replace(SSD, name="sdb", wwn="0x1", serial="S2", path="pci-2", bytes=100 * GB, **change)  # type: ignore[arg-type]
    assert fixed_disks(inventory(other)) == ()
    assert install_disk(inventory(other, SSD)) == SSD


def test_equal_disks_are_taken_in_a_fixed_order() -> None:
    spinning = replace(SSD, name="sda", path="pci-0", rotational=True)
    second, third = replace(SSD, name="sdb", wwn="0x2"), replace(SSD, name="sdc", wwn="0x3")
    assert install_disk(inventory(third, spinning, second)) == second


def test_a_disk_is_called_by_what_only_it_has() -> None:
    same_wwn, same_serial = replace(SSD, serial="S2"), replace(SSD, path="pci-2")
    assert disk_name(inventory(SSD), SSD) == "wwn:0x5000c500a1b2c3d4"
    assert disk_name(inventory(SSD, same_wwn), SSD) == "serial:S1"
    assert disk_name(inventory(SSD, same_serial), SSD) == "path:pci-1"
    blanks = replace(SSD, wwn="t10.ATA     QEMU HARDDISK", serial="QM 01")
    assert disk_name(inventory(blanks), blanks) == "path:pci-1"


def test_an_ambiguous_disk_is_refused() -> None:
    bare = Disk("vda", bytes=GB)
    with pytest.raises(AmbiguousDisk, match="disk vda has no wwn, serial or path of its own"):
        disk_name(inventory(bare), bare)
    with pytest.raises(AmbiguousDisk, match="disk sda has no wwn"):
        disk_name(inventory(SSD, replace(SSD, name="sdb")), SSD)
    lun = replace(SSD, multipath=True)
    with pytest.raises(AmbiguousDisk, match="seen along several paths"):
        disk_name(inventory(lun), lun)


def test_a_name_leads_back_to_its_disk() -> None:
    found = parse(QEMU)
    for disk in found.disks:
        assert disk_named(found, disk_name(found, disk)) == disk
    for name in ("", "wwn:", "serial:none", "vda", "bytes:1", "path:"):
        assert disk_named(found, name) is None


def block(**more: object) -> dict[str, object]:
    return {"type": "disk", "size": 100 * GB, "wwn": "0x600a0980383034", "serial": "LUN1", **more}


def test_one_unit_along_several_paths_is_recognised() -> None:
    rows = [block(name="sdb"), block(name="sdc"), block(name="sdd", wwn="0x600a0980383035")]
    found = parse({"lsblk": Probe(json.dumps({"blockdevices": rows}).encode())})
    assert [disk.multipath for disk in found.disks] == [True, True, False]
    mapped = [block(name="sdb", children=[{"name": "mpatha", "kname": "dm-0", "type": "mpath"}])]
    assert parse({"lsblk": Probe(json.dumps({"blockdevices": mapped}).encode())}).disks[0].multipath


def test_different_disks_with_one_wwn_are_told() -> None:
    rows = [block(name="sdb"), block(name="sdc", serial="LUN2")]
    found = parse({"lsblk": Probe(json.dumps({"blockdevices": rows}).encode())})
    assert [disk.multipath for disk in found.disks] == [False, False]
    assert found.problems[-1] == "different disks carry the same wwn 0x600a0980383034: sdb, sdc"


def large_report(disks: int) -> dict[str, Probe]:
    """The report of a machine with so many disks: 60 kB with 26."""
    listed = json.loads(QEMU["lsblk"].output)
    disk = next(row for row in listed["blockdevices"] if row["name"] == "vda")
    bare = {key: value for key, value in disk.items() if key != "children"}
    rows = [{**bare, "name": f"sd{n}", "kname": f"sd{n}", "serial": f"S-{n}"} for n in range(disks)]
    return {**QEMU, "lsblk": Probe(json.dumps({"blockdevices": rows}, indent=3).encode())}


def test_ten_times_the_disks_cost_no_more_than_ten_times_the_steps() -> None:
    def steps(disks: int) -> int:
        counted = 0

        def count(_frame: object, event: str, _arg: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        report = large_report(disks)
        sys.setprofile(count)
        try:
            parse(report).to_dict()
        finally:
            sys.setprofile(None)
        return counted

    assert steps(260) < 10 * steps(26)
