"""The main job on whole machines: network boot, discovery, install, boot from disk, Puppet."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from lab.ground.cached.loaders import loaders
from lab.ground.process import run, wait_until
from lab.ground.site import Lab
from lab.vms import older
from lab.vms.plan import BIOS, SECOND, TUNNEL, UEFI, Plan
from lab.vms.story import Story

POLL = "etc/oci/poll"
MEASURED = ("power-on to report", "install", "reboot to first Puppet request")
BOTH = pytest.mark.parametrize("plan", [BIOS, UEFI], ids=lambda plan: plan.name)


@BOTH
def test_the_machine_is_active(story: Story, plan: Plan) -> None:
    machine = story.show(plan.mac)
    assert (machine["state"], machine["firmware"]) == ("active", {"bios": "bios", "uefi": "efi"}[plan.firmware])
    assert machine["convergence"] in ("ok", "changed") and machine["role"] == plan.role
    assert story.machines[plan.name].boot_device() == "pxe"


def test_a_machine_with_768_mib_of_memory_is_discovered(story: Story) -> None:
    assert 500 << 20 < story.show(BIOS.mac)["memory_bytes"] <= 768 << 20


def test_everything_was_killed_once_on_the_way(story: Story) -> None:
    """Power while writing the table, while streaming and at first boot; web process, worker, nginx during the stream."""
    story.cuts.end()  # type: ignore[attr-defined]
    assert len(story.cuts.done) == 5  # type: ignore[attr-defined]
    assert story.show(BIOS.mac)["progress"]["attempt"] == 3
    lines = story.timeline(BIOS)
    kinds = [line["kind"] for line in lines]
    assert (kinds.count("install.retry"), kinds.count("install.claimed")) == (2, 3)
    ids = [line["id"] for line in lines]
    assert ids == sorted(set(ids))


@BOTH
def test_the_timeline_tells_the_whole_way(story: Story, plan: Plan) -> None:
    lines = story.timeline(plan)
    kinds = [line["kind"] for line in lines]
    phases = [line["data"].get("phase") for line in lines]
    assert len(lines) >= 14 and all(line["at"] > 1e9 for line in lines)
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    for kind in ("boot.script", "boot.site", "install.claimed", "puppet.challenge", "puppet.signed", "puppet.report"):
        assert kind in kinds, kind
    for phase in ("kernel", "image", "live", "devices", "check", "partition", "stream", "bootloader", "firstboot"):
        assert phase in phases, phase


@BOTH
def test_cpu_seconds(story: Story, plan: Plan) -> None:
    """Every part was measured; the seconds themselves are printed for the record and depend on the host."""
    assert [what for what in MEASURED if story.cpu[plan.name].get(what) is None] == []


@BOTH
def test_the_disk_that_was_written_is_booted(story: Story, plan: Plan) -> None:
    """And not the one with an older system, which firmware and loader come to first; that one is left as it was."""
    machine = story.machines[plan.name]
    assert older.SAYS.encode() not in machine.serial_log.read_bytes()
    assert older.digest(machine.disk_path(older.OLDER)) == story.before[plan.name]  # type: ignore[attr-defined]
    root = _on(story, plan, "findmnt", "-no", "SOURCE,UUID", "/").split()
    assert root[0] == f"/dev/vd{'abc'[older.TARGET - 1]}3"
    parts = _on(story, plan, "blkid", "-s", "PARTUUID", "-o", "value", f"/dev/vd{'abc'[older.TARGET - 1]}2")
    assert parts.strip() == root[1], "the mark of the system partition is the UUID of the root file system"
    # GRUB's files are on the disk that it was started from, whichever the firmware calls the first.
    _on(story, plan, "grep", "-qaF", "'(,gpt3)/boot/grub'", "/boot/efi/EFI/BOOT/BOOTX64.EFI")


@BOTH
def test_firmware_for_drivers_is_loaded(story: Story, plan: Plan) -> None:
    """It was there before the drivers, and is there in the live system."""
    log = story.machines[plan.name].serial_log.read_text(errors="replace")
    said = re.findall(r"firmware for drivers: (\d+) files in the initrd, (\d+) in the live system", log)
    assert said and all(int(one) > 0 and int(two) > 0 for one, two in said)


def _on(story: Story, plan: Plan, *words: str, by: str = "") -> str:
    """What a program says on the installed machine, which is reached `by` the address that it was installed over."""
    address = by or story.show(plan.mac)["address"]
    argv = [
        "ssh",
        "-i",
        str(story.key),
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",  # type: ignore[attr-defined]
        "-o",
        "LogLevel=ERROR",
        "-o",
        "ConnectTimeout=20",
        f"root@{address}",
        " ".join(words),
    ]
    return run(story.lab.net.command(argv), timeout=120).stdout


def test_a_machine_with_two_cards_and_two_disks_is_what_was_promised(story: Story) -> None:
    """Each network on its card, with its tag, MTU and route; and the appliance reaches it there."""
    promised = story.show(UEFI.mac)["promise"]
    assert [disk["name"] for disk in promised["disks"]] == [f"serial:{UEFI.name}-disk{older.TARGET}"]
    links = {link["ifname"]: link for link in json.loads(_on(story, UEFI, "ip", "-j", "addr"))}
    card = {link["address"]: name for name, link in links.items() if link.get("link_type") == "ether" and "link" not in link}
    held = {
        name: {f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"] if one["scope"] == "global"}
        for name, link in links.items()
    }
    assert held[card[UEFI.mac]] == {"10.77.1.2/21"} and held[card[SECOND]] == {"10.79.0.11/24"}
    vlan = links[f"vlan{TUNNEL}"]
    assert held[vlan["ifname"]] == {"10.80.0.11/24", "fd00:80::11/64"} and vlan["mtu"] == 1400
    assert vlan["link"] == card[SECOND]
    assert {one for i in promised["interfaces"] for one in i["addresses"]} == set().union(*held.values())
    routes = {route["dst"]: route for route in json.loads(_on(story, UEFI, "ip", "-j", "route"))}
    assert routes["10.99.0.0/16"]["gateway"] == "10.80.0.1" and routes["10.99.0.0/16"]["dev"] == vlan["ifname"]
    for address in ("10.79.0.11", "10.80.0.11"):
        assert _on(story, UEFI, "hostname", by=address).strip() == "wired1"
    files = _on(story, UEFI, "ls", "/etc/systemd/network").split()
    assert not [name for name in files if "oci" in name and not name.startswith(("10-oci-", "12-oci-"))]


# What an operator, Puppet or a network agent of OpenStack makes on a card. Each of them has or inherits its address.
LINKS = (
    "ip link add link {card} name oci7 type vlan id 7",
    "ip link add link {card} address {mac} name oci8 type macvlan",
    "ip link add oci9 address {mac} type bridge",
    "ip link set oci7 master oci9",
    "ip link add oci10 type dummy",
    "ip link set oci10 address {mac}",
    "ip link add oci11 address {mac} type bond",
    "ip link set oci10 down",
    "ip link set oci10 master oci11",
    "for one in oci7 oci8 oci9 oci10 oci11; do ip link set $one up; done",
)


@BOTH
def test_what_is_made_on_the_card_does_not_take_its_address(story: Story, plan: Plan) -> None:
    address = story.show(plan.mac)["address"].partition("/")[0]
    card = next(link["ifname"] for link in json.loads(_on(story, plan, "ip", "-j", "link")) if link["address"] == plan.mac)
    _on(story, plan, " && ".join(LINKS).format(card=card, mac=plan.mac))

    def heeded() -> bool:
        """Whether networkd has looked at all of them."""
        links = json.loads(_on(story, plan, "networkctl", "--json=short", "list"))["Interfaces"]
        states = [link["AdministrativeState"] for link in links if link["Name"].startswith("oci")]
        return len(states) == 5 and not {"pending", "initialized"} & set(states)

    wait_until("networkd to look at the links", heeded, 120, story.machines[plan.name].serial_log, every=1)
    links = {link["ifname"]: link for link in json.loads(_on(story, plan, "ip", "-j", "addr"))}
    assert sum(link["address"] == plan.mac for link in links.values()) >= 5
    assert [name for name, link in links.items() for one in link["addr_info"] if one["local"] == address] == [card]
    routes = json.loads(_on(story, plan, "ip", "-j", "route"))
    assert card in {route["dev"] for route in routes}
    assert not [route for route in routes if route["dev"].startswith("oci")]


def test_the_live_image_is_small(story: Story) -> None:
    """Kernel, initrd and squashfs together, without optional firmware."""
    files = json.loads((story.appliance.images / "live/live.json").read_text())["files"]
    assert sum(files[name]["bytes"] for name in files if name != "firmware.cpio") <= 130_000_000


def _database(story: Story) -> bytes:
    found = []
    engine = create_engine(f"sqlite:///{story.lab.run_dir}/state/oci.sqlite")
    with engine.connect() as db:
        for table in ("event", "report", "job", "machine", "bmc", "work", "boot", "challenge"):
            for row in db.execute(text(f"SELECT * FROM {table}")):  # table names are of the line above
                found += [zlib.decompress(v) if table == "report" and isinstance(v, bytes) else str(v).encode() for v in row]
    engine.dispose()
    return b"\n".join(found)


def _places(story: Story) -> dict[str, bytes]:
    """Where a secret must not be: the name of each place, and all that is there."""
    lab_dir = story.lab.run_dir
    found = {"database": _database(story), "process lists": b"\n".join(story.processes.seen)}  # type: ignore[attr-defined]
    for log in [
        *lab_dir.glob("log/*"),
        *lab_dir.glob("nginx-*/*.log"),
        *lab_dir.glob("vm/*/serial.log"),
        *lab_dir.glob("puppetserver/*.log"),
    ]:
        found[str(log.relative_to(lab_dir))] = log.read_bytes()
    for path in (
        "/v1/machines",
        "/v1/events",
        "/v1/jobs",
        f"/v1/machines/{BIOS.mac}",
        f"/v1/machines/{UEFI.mac}",
        "/openapi.json",
    ):
        found[path] = story.get(path).encode()
    for root in (loaders(), story.appliance.images / "live", story.appliance.images / "root"):
        for path in filter(Path.is_file, root.rglob("*")):
            found[f"{root.name}/{path.name}"] = path.read_bytes()
    return found


def _installed(story: Story, plan: Plan) -> dict[str, bytes]:
    """Logs, kernel command lines and what is left of the handover in the installed system, read from its disk."""
    mount, found = story.lab.run_dir / "look", {}
    mount.mkdir()
    sector, disk = older.DRIVES[plan.firmware][older.TARGET - 1][1], story.machines[plan.name].disk_path(older.TARGET)
    # Entry 3 of the table that begins in the third sector, 128 bytes each, and there its first sector.
    with disk.open("rb") as image:
        image.seek(2 * sector + 2 * 128 + 32)
        start = int.from_bytes(image.read(8), "little") * sector
    # For writing, so that the journal is replayed: what was removed last would else seem to be there.
    run(["mount", "-o", f"loop,offset={start}", str(disk), str(mount)])
    try:
        for top in ("var/log", "boot/grub/grub.cfg", "etc/puppet", "etc/oci", "etc/default", "root"):
            for path in [mount / top, *(mount / top).rglob("*")]:
                if path == mount / POLL:
                    # By this it asks for orders as long as it has its role; it is root's alone.
                    assert (path.stat().st_uid, path.stat().st_mode & 0o077) == (0, 0)
                elif path.is_file() and not path.is_symlink():
                    found[f"{plan.name}:/{path.relative_to(mount)}"] = path.read_bytes()
    finally:
        run(["umount", str(mount)])
    return found


def test_planted_secrets_are_nowhere(story: Story) -> None:
    """BMC password, root hash, boot and install tokens and challenges are in no log, event, answer or list.

    The appliance of this lab makes every secret word with a marker (tests/lab/planted).
    """
    places, marker = _places(story), story.marker  # type: ignore[attr-defined]
    # The words were really made so: the token that the lab itself was given has the marker.
    assert marker in story.token.read_text()
    # And the kernel command line of each live system was really looked at: its probe is in the report.
    assert places["database"].count(b"oci.boot=") >= 2
    story.machines[UEFI.name].stop()
    inside = _installed(story, UEFI)
    assert f"{UEFI.name}:/boot/grub/grub.cfg" in inside and any("/var/log/" in place for place in inside)
    secrets = {
        "bmc password": story.bmc_password.encode(),
        "root hash": story.root_hash.encode(),  # type: ignore[attr-defined]
        "marked word": marker.encode(),
    }
    for name, secret in secrets.items():
        for place, content in {**places, **inside}.items():
            assert secret not in content, f"{name} in {place}"
    own = b"\n".join(story.processes.own)  # type: ignore[attr-defined]
    # What the appliance and the machines run descends from here, so that it was really looked at.
    assert all(name in own for name in (b"qemu-system", b"gunicorn", b"nginx"))
    for place, content in {**places, "process lists": own}.items():
        assert not re.search(rb"Bearer [A-Za-z0-9_-]{20,}|CHALLENGE='", content), place


def test_the_older_system_starts_when_nobody_names_the_disk(story: Story) -> None:
    """Else it would prove nothing that it was not seen before."""
    machine = story.machines[UEFI.name]
    machine.stop()
    machine.start("disk")
    wait_until(
        "the older system on the first disk",
        lambda: older.SAYS.encode() in machine.serial_log.read_bytes(),
        180,
        machine.serial_log,
    )
    machine.stop()


def test_release_wipes_the_disk(story: Story) -> None:
    """Last, because it ends the machine: proved by reading the disk image from outside."""
    plan = BIOS
    name = story.show(plan.mac)["name"]
    disks = [story.machines[plan.name].disk_path(number) for number in (older.OLDER, older.TARGET)]
    assert all(_some(disk) for disk in disks)
    story.ocicli("machine", "release", name, "--confirm", name)
    story.follow(plan, until="discovered", deadline=600)
    assert not any(_some(disk) for disk in disks)


def _some(disk) -> bool:
    """Whether any byte of the image is not zero."""
    with disk.open("rb") as image:
        while block := image.read(1 << 24):
            if block.count(0) != len(block):
                return True
    return False


def test_nothing_is_left_after_down() -> None:
    lab = Lab("leftovers").up()
    lab.down()
    assert not lab.net.exists() and not lab.run_dir.exists()
