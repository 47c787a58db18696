"""Which firmware the kernel asked for in vain, and which package of Debian holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci.domain.hardware import Inventory, Probe, WantedFirmware, parse
from oci.domain.hardware.system import kernel
from oci.domain.hardware.system.firmware_packages import package_of

# Lines of kernel logs in public reports about cards without their firmware (Debian's list debian-kernel, January 2022;
# open-power-host-os/builds 25; lxc/incus-os 1306), reduced to what concerns firmware; the slots are of no real machine.
LOG = Path(__file__).resolve().parents[1] / "hardware" / "kernel-bnx2x.txt"


def files(text: str) -> list[str]:
    return [one.file for one in kernel.parse(text)]


def test_a_log_of_a_server_with_hungry_cards() -> None:
    found = parse({"kernel": Probe(LOG.read_bytes())})
    both = ("0000:41:00.0", "0000:41:00.1")
    assert found.missing_firmware == (
        WantedFirmware("bnx2x/bnx2x-e2-7.13.15.0.fw", "firmware-bnx2x", "bnx2x", both[:1]),
        WantedFirmware("bnx2x/bnx2x-e2-7.13.21.0.fw", "firmware-bnx2x", "bnx2x", both),
        WantedFirmware("intel/ice/ddp/ice.pkg", "firmware-intel-misc", "ice", ("0000:81:00.0",)),
    )
    told = [problem for problem in found.problems if "in vain" in problem]
    assert len(told) == 2, "one sentence for each package"
    assert told[0] == (
        "the kernel asked in vain for the firmware bnx2x/bnx2x-e2-7.13.15.0.fw, bnx2x/bnx2x-e2-7.13.21.0.fw (for bnx2x "
        "0000:41:00.0 0000:41:00.1); it is in the Debian package firmware-bnx2x: "
        "`oci-admin image build live --firmware firmware-bnx2x`, then boot again"
    )
    assert Inventory.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("line", "file", "package"),
    [
        (
            'bnx2: Can\'t load firmware file "bnx2/bnx2-rv2p-09-6.0.17.fw"',
            "bnx2/bnx2-rv2p-09-6.0.17.fw",
            "firmware-bnx2",
        ),
        (
            'tg3 0000:02:00.0 eth0: Failed to load firmware "tigon/tg3_tso.bin"',
            "tigon/tg3_tso.bin",
            "firmware-misc-nonfree",
        ),
        (
            "r8169 0000:03:00.0: Unable to load firmware rtl_nic/rtl8168e-3.fw (-2)",
            "rtl_nic/rtl8168e-3.fw",
            "firmware-realtek",
        ),
        (
            "qla2xxx [0000:05:00.0]-0063:1: Failed to load firmware image (ql2500_fw.bin).",
            "ql2500_fw.bin",
            "firmware-qlogic",
        ),
        (
            "[qed_slowpath_start:1112()]Failed to find fw file - /lib/firmware/qed/qed_init_values_zipped-8.59.1.0.bin",
            "qed/qed_init_values_zipped-8.59.1.0.bin",
            "firmware-qlogic",
        ),
        (
            "cxgb4 0000:08:00.4: unable to load firmware image cxgb4/t5fw.bin, error -2",
            "cxgb4/t5fw.bin",
            "firmware-misc-nonfree",
        ),
        (
            "LiquidIO 0000:07:00.0: Request firmware failed. Could not find file liquidio/lio_23xx_nic.bin",
            "liquidio/lio_23xx_nic.bin",
            "firmware-cavium",
        ),
        (
            "myri10ge 0000:0b:00.0: Unable to load myri10ge_eth_z8e.dat firmware image via hotplug",
            "myri10ge_eth_z8e.dat",
            "firmware-myricom",
        ),
        (
            "i915 0000:00:02.0: GuC firmware i915/tgl_guc_70.bin: fetch failed with error -2",
            "i915/tgl_guc_70.bin",
            "firmware-intel-graphics",
        ),
        (
            "nfp 0000:04:00.0: nfp:   netronome/nic_AMDA0097-0001_2x40.nffw: not found",
            "netronome/nic_AMDA0097-0001_2x40.nffw",
            "firmware-netronome",
        ),
        (
            "isci 0000:09:00.0: firmware: failed to load isci/isci_firmware.bin (-2)",
            "isci/isci_firmware.bin",
            "firmware-linux-free",
        ),
        (
            "bfa 0000:0d:00.0: Direct firmware load for ct2fw-3.2.5.1.bin failed with error -2",
            "ct2fw-3.2.5.1.bin",
            "firmware-qlogic",
        ),
        ("firmware_class: Falling back to sysfs fallback for: phanfw.bin", "phanfw.bin", "firmware-netxen"),
        (
            "hfi1 0000:0e:00.0: Direct firmware load for hfi1_dc8051.fw failed with error -2",
            "hfi1_dc8051.fw",
            "firmware-intel-misc",
        ),
        (
            "<4>[   12.345678] ice 0000:01:00.0: The DDP package file was not found or could not be read. Safe Mode",
            "intel/ice/ddp/ice.pkg",
            "firmware-intel-misc",
        ),
        (
            "mlxsw_spectrum 0000:0a:00.0: Direct firmware load for mellanox/mlxsw_spectrum-13.2010.1006.mfa2 failed with "
            "error -2",
            "mellanox/mlxsw_spectrum-13.2010.1006.mfa2",
            "",
        ),
    ],
)
def test_the_words_of_each_driver(line: str, file: str, package: str) -> None:
    (found,) = kernel.parse(line)
    assert (found.file, found.package) == (file, package)
    (said,) = kernel.sentences([found])
    assert file in said and (package in said if package else "no package of Debian 13" in said)


@pytest.mark.parametrize(
    "lines",
    [
        [
            "bnx2x 0000:02:00.1: Direct firmware load for bnx2x/bnx2x-e2-7.13.21.0.fw failed with error -2",
            "bnx2x 0000:02:00.1: firmware: direct-loading firmware bnx2x/bnx2x-e2-7.13.15.0.fw",
        ],
        [
            "iwlwifi 0000:06:00.0: Direct firmware load for iwlwifi-cc-a0-77.ucode failed with error -2",
            "iwlwifi 0000:06:00.0: loaded firmware version 72.daa05125.0 cc-a0-72.ucode op_mode iwlmvm",
        ],
        [
            "nfp 0000:04:00.0: nfp:   netronome/serial-00-15-4d-13-5d-7a-10-ff.nffw: not found",
            "nfp 0000:04:00.0: nfp:   netronome/pci-0000:04:00.0.nffw: not found",
            "nfp 0000:04:00.0: nfp:   netronome/nic_AMDA0097-0001_2x40.nffw: found",
        ],
        ["platform regulatory.0: Direct firmware load for regulatory.db failed with error -2"],
        [
            "[Firmware Bug]: TSC ADJUST differs: CPU0 0 --> -4. Restoring",
            "mlx5_core 0000:5e:00.0: firmware version: 16.35.2000",
        ],
        ["", "ACPI: firmware failed", "x" * 5000],
    ],
)
def test_what_was_found_under_another_name_or_needs_nobody_is_not_told(lines: list[str]) -> None:
    assert files("\n".join(lines)) == []


def test_another_devices_success_does_not_hide_a_failure() -> None:
    lines = [
        "bnx2 0000:02:00.0: Direct firmware load for bnx2/bnx2-mips-09-6.2.1b.fw failed with error -2",
        "bnx2 0000:03:00.0: firmware: direct-loading firmware bnx2/bnx2-mips-09-6.2.1b.fw",
    ]
    (found,) = kernel.parse("\n".join(lines))
    assert found.devices == ("0000:02:00.0",)


def test_a_log_without_end_is_bounded() -> None:
    line = "d{n} 0000:{n:02x}:00.0: Direct firmware load for x/{n}.bin failed with error -2"
    assert len(files("\n".join(line.format(n=n) for n in range(3000)))) == kernel.MAX_FILES


def test_a_newer_version_is_looked_for_where_its_elder_brothers_are() -> None:
    assert package_of("bnx2x/bnx2x-e2-99.0.0.0.fw") == "firmware-bnx2x"
    assert package_of("mrvl/prestera/mvsw_prestera_fw-v4.1.img") == "firmware-marvell-prestera"
    assert package_of("mrvl/sd8897_uapsta.bin") == "firmware-libertas"
    assert package_of("intel/sof/sof-cnl.ri") == "firmware-sof-signed"
    assert package_of("intel/ice/ddp/ice-1.3.43.0.pkg") == "firmware-intel-misc"
    assert package_of("") == package_of("nothing.bin") == ""
