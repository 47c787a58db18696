"""From one raw report to one inventory: every probe is read alone, then the readings are joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from oci.domain.hardware.board import bmc, clock, cpu, dmidecode, memory, pci
from oci.domain.hardware.cards import ethtool, ip, lldp
from oci.domain.hardware.disks import disks, lsblk
from oci.domain.hardware.inventory import Cpu, Dimm, Disk, Inventory, Nic, PciDevice
from oci.domain.hardware.system import cmdline, drivers, firmware, kernel
from oci.domain.hardware.text import MAX_BYTES, MAX_NUMBER, clean, decode, first_line
from oci.domain.quantities import span

PROBES = (
    "bmc",
    "clock",
    "cmdline",
    "cpu",
    "disks",
    "dmidecode",
    "drivers",
    "ethtool",
    "firmware",
    "ip",
    "kernel",
    "lldp",
    "lsblk",
    "memory",
    "pci",
)
"""The probes that an inventory is made of; others are kept with the report and not read."""

MAX_PROBES = 64
MAX_PROBLEMS = 64
MAX_CLOCK_SKEW = 30
"""Seconds; more than this is no matter of a slow answer, and certificates begin to look wrong."""

_STATUS = {
    124: "timed out",
    126: "could not be run",
    127: "command not found",
    137: "killed, perhaps for want of memory",
}

# PCI classes of controllers whose ports are no Ethernet (PCI Code and ID Assignment, class 02).
_FABRICS = {"0207": "infiniband", "0208": "omni-path"}

# Drivers of the network card that a BMC puts on its USB bus to talk to its own machine.
_BMC_USB_DRIVERS = frozenset({"cdc_ether", "cdc_eem", "cdc_ncm", "cdc_subset", "rndis_host"})


@dataclass(frozen=True)
class Probe:
    """What one probe left behind: its output, its error output and its exit status."""

    output: bytes = b""
    error: bytes = b""
    exit: int = 0


def parse(report: Mapping[str, Probe]) -> Inventory:
    """Read a report, the most hostile input there is.

    Never raises: what can't be read is blank and named in `problems`.
    """
    text = {name: decode(report[name].output) if name in report else "" for name in PROBES}
    dmi = dmidecode.parse(text["dmidecode"])
    controller = bmc.parse(text["bmc"])
    block = lsblk.parse(text["lsblk"]) if text["lsblk"].strip() else lsblk.BlockDevices()
    links = ip.parse(text["ip"]) if text["ip"].strip() else ip.Links()
    seen, devices = lldp.parse(text["lldp"]), pci.parse(text["pci"])
    found = Inventory(
        vendor=dmi.vendor,
        model=dmi.model,
        serial=dmi.serial,
        uuid=dmi.uuid,
        firmware=firmware.parse(text["firmware"]),
        bios_version=dmi.bios_version,
        cpu=_cpu(cpu.parse(text["cpu"]), dmi.cpu),
        memory_bytes=_memory(dmi.dimms, memory.parse(text["memory"])),
        dimms=dmi.dimms,
        nics=_on_board(_nics(links.links, ethtool.parse(text["ethtool"]), seen, devices), dmi.onboard),
        disks=disks.joined(block.disks, disks.parse(text["disks"])),
        disks_missing=_missing(report.get("lsblk"), block),
        bmc=replace(controller, present=controller.present or dmi.bmc),
        missing_drivers=drivers.described(drivers.parse(text["drivers"]), devices),
        missing_firmware=kernel.parse(text["kernel"]),
        boot_mac=cmdline.parse(text["cmdline"]),
        clock_skew_seconds=clock.parse(text["clock"]),
        board_serial=dmi.board_serial,
        chassis_serial=dmi.chassis_serial,
    )
    problems = [*_failures(report, found.bmc.present), *block.problems, *links.problems, *seen.problems]
    return replace(found, problems=tuple([*problems, *_doubts(found)][:MAX_PROBLEMS]))


def _missing(probe: Probe | None, block: lsblk.BlockDevices) -> str:
    """Why the list of disks may not be whole: the probe failed, or was stopped at the limit of its output."""
    if probe is None or not probe.output.strip():
        return "the probe lsblk returned nothing"
    if probe.exit != 0:
        return f"the probe lsblk ended with status {probe.exit}"
    if len(probe.output) >= MAX_BYTES:
        return "lsblk's list is longer than a report may be"
    return block.problems[0] if block.problems else ""


def clock_is_wrong(report: Mapping[str, Probe]) -> bool:
    """Whether the report tells of a clock that is wrong; by how much changes with every report. Never raises."""
    return "clock" in report and _is_wrong(clock.parse(decode(report["clock"].output)) or 0)


def _is_wrong(skew: int) -> bool:
    return abs(skew) > MAX_CLOCK_SKEW


def _cpu(kernel: Cpu, firmware_says: Cpu) -> Cpu:
    """The kernel's view, and the firmware's where the kernel's is blank, as in another language."""
    return Cpu(
        model=kernel.model or firmware_says.model,
        sockets=kernel.sockets or firmware_says.sockets,
        cores=kernel.cores or firmware_says.cores,
        threads=kernel.threads or firmware_says.threads,
        arch=kernel.arch,
    )


def _memory(dimms: tuple[Dimm, ...], managed: int) -> int:
    """What is built in. The kernel keeps some of it for itself, so where it manages more, the tables lack modules."""
    built_in = min(sum(dimm.volatile_bytes for dimm in dimms), MAX_NUMBER)
    return max(built_in, managed)


def _nics(
    links: tuple[ip.Link, ...], cards: list[ethtool.Card], seen: lldp.Neighbours, devices: Iterable[PciDevice]
) -> tuple[Nic, ...]:
    """`ip` says which NICs there are; only without it ethtool's sections do. Fabrics without a link tell lspci alone."""
    by_name = {card.name: card for card in cards}
    links = links or tuple(ip.Link(card.name, kind="infiniband" if card.guid else "ethernet") for card in by_name.values())
    nics = [_nic(link, by_name.get(link.name, ethtool.Card(link.name))) for link in links]
    macs = {nic.mac for nic in nics if nic.mac}
    heard = (seen.heard.get(nic.name, ()) for nic in nics)
    named = [
        replace(nic, neighbours=all_, neighbour=lldp.nearest(all_, macs)) for nic, all_ in zip(nics, heard, strict=True)
    ]
    driven = {nic.bus for nic in nics}
    return (*named, *(nic for nic in map(_fabric, devices) if nic and nic.bus not in driven))[: ip.MAX_NICS]


def _fabric(device: PciDevice) -> Nic | None:
    """A card of a fabric for which no driver made a link; blank names are kept out of everything that needs one."""
    kind = _FABRICS.get(device.class_id)
    return Nic(bus=device.slot, kind=kind) if kind else None


def _nic(link: ip.Link, card: ethtool.Card) -> Nic:
    ethernet = link.kind == "ethernet"
    return Nic(
        name=link.name,
        # In a bond every member shows the bond's MAC, so the address in use is the last resort.
        mac=(card.mac or link.permanent or link.mac) if ethernet else "",
        driver=card.driver,
        bus=card.bus or link.bus,
        firmware=card.firmware,
        speed_mbps=card.speed_mbps,
        link=link.up if card.link is None else card.link,
        bmc_usb=card.driver in _BMC_USB_DRIVERS,
        kind="omni-path" if card.driver.startswith(("hfi1", "opa")) and not ethernet else link.kind,
        guid=card.guid or link.guid,
    )


def _on_board(nics: tuple[Nic, ...], addresses: frozenset[str]) -> tuple[Nic, ...]:
    """The ports of a card with several have one device address; the firmware often names its first function alone."""
    devices = {address.partition(".")[0] for address in addresses}
    return tuple(replace(nic, onboard=bool(nic.bus) and nic.bus.partition(".")[0] in devices) for nic in nics)


def _failures(report: Mapping[str, Probe], has_bmc: bool) -> Iterator[str]:
    """A sentence for each probe that is missing, failed, said nothing or said too much."""
    yield from (f"probe {name} is missing from the report" for name in PROBES if name not in report)
    if len(report) > MAX_PROBES:
        yield f"the report has more than {MAX_PROBES} probes"
    for name in sorted(report)[:MAX_PROBES]:
        probe = report[name]
        if probe.exit != 0 and (name != "bmc" or has_bmc):
            why = _STATUS.get(probe.exit) or first_line(probe.error)
            yield f"probe {clean(name)} ended with status {probe.exit}" + (f" ({why})" if why else "")
        elif name in ("dmidecode", "ip", "lsblk") and not probe.output.strip():
            yield f"probe {name} returned nothing"
        if len(probe.output) > MAX_BYTES:
            yield f"probe {clean(name)} returned more than {MAX_BYTES} bytes; the rest was not read"


def _doubts(found: Inventory) -> Iterator[str]:
    """Sentences about facts that do not fit together, and about what is missing."""
    yield from kernel.sentences(found.missing_firmware)
    macs = [nic.mac for nic in found.nics if nic.mac]
    for mac in sorted({mac for mac in macs if macs.count(mac) > 1}):
        yield f"more than one NIC has the permanent MAC {mac}"
    if found.boot_mac and macs and found.boot_mac not in macs:
        yield f"the machine booted from MAC {found.boot_mac}, which none of its NICs has"
    skew = found.clock_skew_seconds or 0
    if _is_wrong(skew):
        yield (
            f"the machine's clock is {span(skew)} {'ahead of' if skew > 0 else 'behind'} the appliance's; "
            "set it in the firmware, and see whether its battery is empty"
        )
    owners: dict[str, list[Disk]] = {}
    for disk in found.disks:
        if disk.wwn and not disk.multipath:
            owners.setdefault(disk.wwn.casefold(), []).append(disk)
    for shared in owners.values():
        if len(shared) > 1:
            names = clean(", ".join(disk.name for disk in shared[:16]))
            yield f"different disks carry the same wwn {shared[0].wwn}: {names}"
