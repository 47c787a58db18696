"""The whole path of a machine, on SQLite and fakes: a story of calls as the real parts make them."""

from __future__ import annotations

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID, NameOID
from promised import disks, places

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.hardware import Probe
from oci.problems import Conflict, Forbidden, Gone, Problem, Unauthorised
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.machines.machines import AssignIn, BmcIn
from oci.services.activity import jobs, tick
from oci.services.clusters import clusters, networks
from oci.services.machines import look, verbs
from oci.services.path import boots, puppet, reports, works

NOBODY = Actor("machine", "nobody")
MAC = "52:54:00:77:00:01"
HASH = "ab" * 32


def report(mac: str = MAC, serial: str = "SN1", disk: str = "disk1") -> dict[str, Probe]:
    ip = [{"ifname": "eth0", "address": mac, "link_type": "ether"}]
    lsblk = {
        "blockdevices": [
            {"name": "vda", "type": "disk", "size": 8 << 30, "serial": disk, "rm": False, "ro": False, "rota": False}
        ]
    }
    dmi = (
        "System Information\n\tManufacturer: Lab\n\tProduct Name: TestNode\n"
        f"\tSerial Number: {serial}\n\tUUID: 4c4c4544-0042-3510-8052-{mac.replace(':', '')}\n"
    )
    return {
        "ip": Probe(json.dumps(ip).encode(), b"", 0),
        "lsblk": Probe(json.dumps(lsblk).encode(), b"", 0),
        "dmidecode": Probe(dmi.encode(), b"", 0),
        "firmware": Probe(b"bios\n", b"", 0),
    }


def boot(world, mac: str = MAC) -> str:
    """Boot the live image; returns the boot's token, as the machine finds it in its site archive."""
    script = boots.script(world.ctx(NOBODY), boots.Asker(mac=mac))
    assert "kernel" in script
    boot_id = script.split("oci.boot=")[1].split()[0]
    archive = boots.site(world.ctx(NOBODY), boot_id, "10.77.0.100")
    return archive.split(b"Bearer ")[1].split(b"\n")[0].decode()


def prepare(world) -> None:
    networks.create_network(world.ctx(), NetworkIn(name="prov", cidr="10.77.0.0/24", first="10.77.0.11", last="10.77.0.20"))
    clusters.create_cluster(world.ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))


def csr(certname: str, challenge: str | None) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, certname)])
    )
    if challenge is not None:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, challenge.encode())
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def discovered(world, mac: str = MAC) -> str:
    token = boot(world, mac)
    reports.receive(world.ctx(NOBODY), token, report(mac), HASH)
    return token


def installing(world) -> str:
    prepare(world)
    token = discovered(world)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    verbs.install(world.ctx(), "compute1")
    return token


def beat(world, token: str) -> str:
    return works.heartbeat(world.ctx(NOBODY), token, HASH).action


def work_off(world) -> None:
    """Do what a worker would do now."""
    for job_id in jobs.due(world.ctx(APPLIANCE)):
        jobs.run(world.ctx(APPLIANCE), job_id, "test")


def test_from_boot_to_active(world) -> None:
    token = installing(world)
    assert beat(world, token) == "install"
    orders = works.claim(world.ctx(NOBODY), token, "install")
    assert [name for name, _ in disks(orders)] == ["serial:disk1"] and places(orders) == {"prov": "10.77.0.11/24"}
    for phase in ("check", "partition", "stream"):
        works.phase(world.ctx(NOBODY), orders["TOKEN"], phase, 50, "")
    assert look.show(world.ctx(), "compute1").progress.phase == "stream"
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    assert "exit" in boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))
    word = puppet.challenge(world.ctx(NOBODY), orders["TOKEN"])
    puppet.autosign(world.ctx(APPLIANCE), "compute1.lab.test", csr("compute1.lab.test", word["CHALLENGE"]))
    assert "profile::base" in puppet.classify(world.ctx(APPLIANCE), "compute1.lab.test")
    puppet.report(world.ctx(APPLIANCE), "compute1.lab.test", {"status": "changed"})
    machine = look.show(world.ctx(), "compute1")
    assert (machine.state, machine.convergence) == ("active", "changed")
    with pytest.raises(Gone):  # the token died with the install
        works.phase(world.ctx(NOBODY), orders["TOKEN"], "check", 0, "")


def test_an_unwaiting_machine_is_switched_on_by_its_controller(world) -> None:
    prepare(world)
    verbs.enrol(world.ctx(), MAC, BmcIn(address="10.78.0.1", username="admin", password="sesame"))
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    verbs.install(world.ctx(), "1")
    for job_id in world.poked:
        assert jobs.run(world.ctx(APPLIANCE), job_id, "test")
    assert ("boot pxe", "10.78.0.1") in world.power.calls and ("on", "10.78.0.1") in world.power.calls


def test_orders_are_given_out_once(world) -> None:
    token = installing(world)
    works.claim(world.ctx(NOBODY), token, "install")
    with pytest.raises(Conflict):
        works.claim(world.ctx(NOBODY), token, "install")


def test_the_site_archive_is_given_out_once(world) -> None:
    script = boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))
    boot_id = script.split("oci.boot=")[1].split()[0]
    boots.site(world.ctx(NOBODY), boot_id, "a")
    with pytest.raises(Gone):
        boots.site(world.ctx(NOBODY), boot_id, "b")


def test_a_report_with_another_machines_token_is_refused(world) -> None:
    discovered(world, "52:54:00:77:00:02")
    token_a = boot(world, MAC)
    reports.receive(world.ctx(NOBODY), token_a, report(MAC, "SN2"), HASH)
    before = look.show(world.ctx(), "52:54:00:77:00:02").inventory
    with pytest.raises(Conflict):
        reports.receive(world.ctx(NOBODY), token_a, report("52:54:00:77:00:02"), "cd" * 32)
    assert look.show(world.ctx(), "52:54:00:77:00:02").inventory == before


def test_a_clock_that_ticks_is_no_news_and_one_that_was_set_is(world) -> None:
    token = boot(world)

    def told(seconds: int) -> str:
        clock = f"local {1795248000 + seconds} x\nremote Sat, 21 Nov 2026 08:00:00 GMT\n"
        reports.receive(world.ctx(NOBODY), token, {**report(), "clock": Probe(clock.encode(), b"", 0)}, HASH)
        return str(look.show(world.ctx(), "1").inventory["problems"])

    assert "1 min 40 s ahead" in told(100)
    assert "1 min 40 s ahead" in told(101)
    assert "ahead" not in told(2)


def test_a_report_without_any_mac_is_refused(world) -> None:
    token = boot(world)
    with pytest.raises(Problem, match="no network card"):
        reports.receive(world.ctx(NOBODY), token, {"ip": Probe(b"[]", b"", 0)}, HASH)
    assert look.list_machines(world.ctx()).total == 0


@pytest.mark.parametrize(
    ("own", "name"), [((), "root.tar.zst"), (("compute",), "root-compute.tar.zst"), (("volume",), "root.tar.zst")]
)
def test_a_machine_streams_the_image_of_its_role_where_there_is_one(world, own: tuple[str, ...], name: str) -> None:
    world.images.own = own
    orders = works.claim(world.ctx(NOBODY), installing(world), "install")
    assert orders["IMAGE_URL"].endswith(f"/images/{name}")
    assert orders["IMAGE_SHA256"] == world.images.root("compute").sha256


def test_a_power_cut_is_tried_again_by_itself(world) -> None:
    token = installing(world)
    verbs.set_bmc(world.ctx(), "compute1", BmcIn(address="10.78.0.1", username="admin", password="sesame"))
    work_off(world)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    works.phase(world.ctx(NOBODY), orders["TOKEN"], "partition", 10, "")
    world.clock.now += 25
    tick.machines(world.ctx(APPLIANCE))
    work_off(world)
    assert ("on", "10.78.0.1") in world.power.calls
    again = boot(world)
    reports.receive(world.ctx(NOBODY), again, report(), HASH)
    assert beat(world, again) == "install"
    second = works.claim(world.ctx(NOBODY), again, "install")
    with pytest.raises(Gone):
        works.phase(world.ctx(NOBODY), orders["TOKEN"], "stream", 10, "")
    works.done(world.ctx(NOBODY), second["TOKEN"])


def test_a_stranger_with_a_busy_machines_mac_learns_nothing(world) -> None:
    token = installing(world)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    stranger = boot(world)
    assert beat(world, stranger) == "report"  # a MAC proves nothing yet
    with pytest.raises(Conflict):
        reports.receive(world.ctx(NOBODY), stranger, report(), HASH)
    assert beat(world, stranger) == "wait"
    with pytest.raises(Conflict):
        works.claim(world.ctx(NOBODY), stranger, "install")
    works.phase(world.ctx(NOBODY), orders["TOKEN"], "stream", 10, "")


def test_silence_ends_as_failed_with_a_reason_before_the_deadline(world) -> None:
    installing(world)
    for _ in range(200):
        world.clock.now += 30
        tick.machines(world.ctx(APPLIANCE))
        work_off(world)
        machine = look.show(world.ctx(), "compute1")
        if machine.state == "failed":
            break
    assert machine.state == "failed" and "silent" in machine.reason and "3 times" in machine.reason


def test_abort_stops_the_machine(world) -> None:
    token = installing(world)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    verbs.abort(world.ctx(), "compute1")
    with pytest.raises(Gone):
        works.phase(world.ctx(NOBODY), orders["TOKEN"], "stream", 10, "")
    assert beat(world, token) == "wait"


def test_release_wipes_and_forgets(world) -> None:
    test_from_boot_to_active(world)
    with pytest.raises(Problem, match="exactly that name"):
        verbs.release(world.ctx(), "compute1", "compute1")
    verbs.release(world.ctx(), "compute1", "compute1.lab.test")
    token = boot(world)
    reports.receive(world.ctx(NOBODY), token, report(), HASH)
    assert beat(world, token) == "wipe"
    orders = works.claim(world.ctx(NOBODY), token, "wipe")
    assert orders["DISKS"] == "serial:disk1"
    works.wiped(world.ctx(NOBODY), orders["TOKEN"])
    machine = look.show(world.ctx(), "1")
    assert (machine.state, machine.role, machine.address) == ("discovered", "", "")


@pytest.mark.parametrize(
    ("challenge", "words"), [(None, "no challenge in it"), ("wrong", "challenge is wrong"), ("used", "used before")]
)
def test_certificate_policy_refuses(world, challenge, words) -> None:
    token = installing(world)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    word = puppet.challenge(world.ctx(NOBODY), orders["TOKEN"])["CHALLENGE"]
    name = "compute1.lab.test"
    if challenge == "used":
        puppet.autosign(world.ctx(APPLIANCE), name, csr(name, word))
        challenge = word
    with pytest.raises(Forbidden, match=words):
        puppet.autosign(world.ctx(APPLIANCE), name, csr(name, challenge))
    with pytest.raises(Forbidden, match="subject"):
        puppet.autosign(world.ctx(APPLIANCE), name, csr("compute2.lab.test", word))


def test_enc_and_autosign_are_not_for_nobody(world) -> None:
    with pytest.raises(Unauthorised):
        puppet.classify(world.ctx(NOBODY), "compute1.lab.test")


def test_no_secret_is_in_an_event(world) -> None:
    test_from_boot_to_active(world)
    with world.appliance.make_session() as db:
        text = " ".join(f"{e.text} {e.data}" for e in db.query(tables.Event))
    assert "Bearer" not in text and "sesame" not in text
