"""What real servers answered, where those dumps are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci.domain.hardware import Inventory, Probe, bmc, cpu, dmidecode, lldp, lsblk, parse
from oci.domain.hardware.inventory import Cpu
from oci.domain.hardware.text import decode

DUMPS = Path(__file__).resolve().parents[3] / "shared" / "hardware"
pytestmark = pytest.mark.skipif(not DUMPS.is_dir(), reason="no hardware dumps beside the checkout")

GIB = 1 << 30


def dump(name: str) -> str:
    return decode((DUMPS / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "vendor", "model", "serial", "uuid", "bios", "sockets", "cores", "memory", "has_bmc"),
    [
        ("Dell_PowerEdge_M630", "Dell Inc.", "PowerEdge M630", "4242",
         "4c4c4544-0036-3210-805a-b7c04f4d3632", "1.2.5", 2, 28, 128, True),
        ("HP_DL380p_Gen8", "HP", "ProLiant DL380p Gen8", "4242",
         "35353636-3335-5a43-3232-343630335138", "P70", 2, 12, 32, True),
        ("QCT_X10E-9N", "Quanta Cloud Technology Inc.", "QuantaPlex T41S-2U", "", "", "", 1, 4, 0, True),
        ("SM_SSG-6028R", "Supermicro", "SSG-6028R-OSD072P", "S212101X7A18218",
         "00000000-0000-0000-0000-ac1f6b05e596", "2.0b", 1, 8, 0, True),
    ],
)  # fmt: skip
def test_dmidecode(
    name: str, vendor: str, model: str, serial: str, uuid: str, bios: str,
    sockets: int, cores: int, memory: int, has_bmc: bool,
) -> None:  # fmt: skip
    found = dmidecode.parse(dump(f"dmidecode/{name}.txt"))
    assert (found.vendor, found.model, found.serial, found.uuid) == (vendor, model, serial, uuid)
    assert (found.bios_version, found.cpu.sockets, found.cpu.cores, found.bmc) == (
        bios,
        sockets,
        cores,
        has_bmc,
    )
    assert sum(dimm.volatile_bytes for dimm in found.dimms) == memory * GIB
    assert all(dimm.bytes and dimm.part == dimm.part.strip() for dimm in found.dimms)


def test_lsblk_of_a_server_with_blanks_and_a_repeated_name() -> None:
    found = lsblk.parse(dump("lsblk/packet-c3.json"))
    assert [disk.name for disk in found.disks] == ["sda", "sdb", "nvme0", "nvme1"]
    assert [disk.serial for disk in found.disks][2:] == ["202728F691F5", "202728F691C6"]
    assert found.disks[1].model == "MTFDDAV240TDU"


def test_lldp_of_cumulus_and_juniper() -> None:
    cumulus = lldp.parse(dump("lldp/cumulus.keyvalue")).by_nic
    assert (cumulus["eno1"].chassis, cumulus["eno1"].port) == ("toto-chassis.dc42", "swp46")
    assert cumulus["eno2d1"].chassis == "e4:f0:04:b6:4e:32"
    juniper = lldp.parse(dump("lldp/qfx.keyvalue")).by_nic
    assert (juniper["eth0"].port_description, juniper["eth0"].vlan) == ("xe-0/0/1", 296)
    assert juniper["eth1"].management == "10.192.192.115"


def test_plain_lscpu() -> None:
    model = "AMD EPYC 7302P 16-Core Processor"
    assert cpu.parse(dump("cli/lscpu-7302")) == Cpu(model, 1, 16, 32, "x86_64")
    assert cpu.parse(dump("cli/lscpu_aarch64")) == Cpu("X-Gene", 4, 8, 8, "aarch64")


def test_ipmitool_lan_print() -> None:
    found = bmc.parse(dump("cli/ipmi_lan_info"))
    assert (found.present, found.address, found.mac) == (True, "10.151.68.13", "00:30:48:f4:4d:83")


@pytest.mark.parametrize(
    "path", sorted(DUMPS.rglob("*.*")) if DUMPS.is_dir() else [], ids=lambda path: path.name
)
def test_no_dump_breaks_any_probe(path: Path) -> None:
    everything = Probe(path.read_bytes())
    found = parse(
        dict.fromkeys(("bmc", "cpu", "disks", "dmidecode", "ethtool", "ip", "lldp", "lsblk"), everything)
    )
    assert Inventory.from_dict(found.to_dict()) == found
