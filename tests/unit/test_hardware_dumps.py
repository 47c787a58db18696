"""What real servers answered, where those dumps are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci.domain.hardware import Inventory, Probe, parse
from oci.domain.hardware.board import bmc, cpu, dmidecode
from oci.domain.hardware.cards import lldp
from oci.domain.hardware.disks import lsblk
from oci.domain.hardware.inventory import Cpu
from oci.domain.hardware.text import decode

DUMPS = Path(__file__).resolve().parents[3] / "shared" / "hardware"
pytestmark = pytest.mark.skipif(not DUMPS.is_dir(), reason="no hardware dumps beside the checkout")

GIB = 1 << 30


def dump(name: str) -> str:
    return decode((DUMPS / name).read_bytes())


DELL, HP, QCT, SUPERMICRO = (
    ("Dell Inc.", "PowerEdge M630", "4242", "4c4c4544-0036-3210-805a-b7c04f4d3632", "1.2.5"),
    ("HP", "ProLiant DL380p Gen8", "4242", "35353636-3335-5a43-3232-343630335138", "P70"),
    (
        "Quanta Cloud Technology Inc.",
        "QuantaMicro X10E-9N",
        "QTFCQ57140285",
        "e1a3d1c8-0809-e711-b48a-a81e84729878",
        "S3E_3B09.02",
    ),
    (
        "Supermicro",
        "SSG-6028R-OSD072P",
        "S212101X7A18218",
        "00000000-0000-0000-0000-ac1f6b05e596",
        "2.0b",
    ),
)


@pytest.mark.parametrize(
    ("name", "facts", "sockets", "cores", "memory", "dimms"),
    [
        ("Dell_PowerEdge_M630", DELL, 2, 28, 64, 8),
        ("HP_DL380p_Gen8", HP, 2, 12, 64, 10),
        ("QCT_X10E-9N", QCT, 1, 4, 32, 2),
        ("SM_SSG-6028R", SUPERMICRO, 1, 8, 64, 4),
    ],
)
def test_dmidecode(name: str, facts: tuple[str, ...], sockets: int, cores: int, memory: int, dimms: int) -> None:
    found = dmidecode.parse(dump(f"dmidecode/{name}.txt"))
    assert (found.vendor, found.model, found.serial, found.uuid, found.bios_version) == facts
    assert (found.cpu.sockets, found.cpu.cores, found.bmc, len(found.dimms)) == (sockets, cores, True, dimms)
    assert sum(dimm.volatile_bytes for dimm in found.dimms) == memory * GIB
    assert all(dimm.part == dimm.part.strip() for dimm in found.dimms)


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


@pytest.mark.parametrize("path", sorted(DUMPS.rglob("*.*")) if DUMPS.is_dir() else [], ids=lambda path: path.name)
def test_no_dump_breaks_any_probe(path: Path) -> None:
    everything = Probe(path.read_bytes())
    found = parse(dict.fromkeys(("bmc", "cpu", "disks", "dmidecode", "ethtool", "ip", "lldp", "lsblk"), everything))
    assert Inventory.from_dict(found.to_dict()) == found
