"""What hostile hosts and machines can and cannot do: the lines of docs/reference/threat-model.md."""

from __future__ import annotations

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID, NameOID
from sqlalchemy import func, select
from test_path import HASH, MAC, NOBODY, beat, boot, csr, discovered, installing, report

from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.hardware import Probe
from oci.problems import Conflict, Forbidden, NotFound, Problem, Unauthorised
from oci.schemas.machines.machines import AssignIn, BmcIn
from oci.services.activity import tick
from oci.services.machines import look, verbs
from oci.services.path import boots, puppet, reports, works

OTHER = "52:54:00:77:00:02"


def test_a_stranger_with_a_silent_machines_mac_stands_in_until_the_real_one_boots(world) -> None:
    token = installing(world)
    world.clock.now += 3600
    stranger = discovered(world)
    assert beat(world, stranger) == "install"
    with pytest.raises(Unauthorised):  # the earlier boot is replaced and has to boot again
        beat(world, token)
    world.clock.now += 3600
    assert beat(world, discovered(world)) == "install"


def test_a_stolen_boot_token_claims_only_what_the_machine_did_not(world) -> None:
    stolen = installing(world)
    works.claim(world.ctx(NOBODY), stolen, "install")
    with pytest.raises(Conflict):  # now the machine itself is refused, and an operator sees why
        works.claim(world.ctx(NOBODY), stolen, "install")
    with world.appliance.make_session() as db:
        assert db.scalar(select(func.count()).where(tables.Event.kind == "token.refused")) == 1


def test_false_beacons_are_at_most_three_for_each_phase(world) -> None:
    script = boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))
    boot_id = script.split("oci.boot=")[1].split()[0]
    with pytest.raises(Problem):  # before the token was fetched nobody is booting
        boots.early_beacon(world.ctx(NOBODY), boot_id, "kernel")
    boots.site(world.ctx(NOBODY), boot_id, "a")
    for _ in range(10):
        boots.early_beacon(world.ctx(NOBODY), boot_id, "kernel")
    with world.appliance.make_session() as db:
        assert db.scalar(select(func.count()).where(tables.Event.kind == "boot.beacon")) == 3
    boots.early_beacon(world.ctx(NOBODY), boot_id, "devices")
    for phase in ("stream", "catalog", "", "<b>"):  # what an installer or nobody says needs a token, or is nothing
        with pytest.raises(Problem):
            boots.early_beacon(world.ctx(NOBODY), boot_id, phase)


def test_a_listed_foreign_card_stays_with_its_machine(world) -> None:
    discovered(world, OTHER)
    token = boot(world)
    mine = report(MAC, "SN2")
    cards = [
        {"ifname": "eth0", "address": MAC, "link_type": "ether"},
        {"ifname": "eth1", "address": OTHER, "link_type": "ether"},
    ]
    with pytest.raises(Conflict):
        reports.receive(world.ctx(NOBODY), token, {**mine, "ip": Probe(json.dumps(cards).encode(), b"", 0)}, HASH)
    with world.appliance.make_session() as db:
        assert db.scalars(select(tables.Nic.machine_id).where(tables.Nic.mac == OTHER)).all() == [1]


def test_alternative_names_are_refused(world) -> None:
    token = installing(world)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    word = puppet.challenge(world.ctx(NOBODY), orders["TOKEN"])["CHALLENGE"]
    name = "compute1.lab.test"
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("puppet.lab.test")]), critical=False)
        .add_attribute(AttributeOID.CHALLENGE_PASSWORD, word.encode())
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    with pytest.raises(Forbidden, match="alternative names"):
        puppet.autosign(world.ctx(APPLIANCE), name, request.public_bytes(serialization.Encoding.PEM))


def test_a_false_done_never_makes_a_machine_active(world) -> None:
    token = installing(world)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    assert look.show(world.ctx(), "compute1").state == "configuring"


def test_reports_and_logs_are_bounded(world) -> None:
    token = installing(world)
    for number in range(9):
        reports.receive(world.ctx(NOBODY), token, report(disk=f"disk{9 - number}"), HASH)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    for _ in range(3):
        works.log(world.ctx(NOBODY), orders["TOKEN"], "x" * 200_000)
    with world.appliance.make_session() as db:
        assert db.scalar(select(func.count()).select_from(tables.Report)) == world.appliance.config.reports_kept
        assert len(db.scalar(select(tables.Work.log))) == works.LOG_BYTES


def test_the_bmc_password_is_sealed_in_the_database(world) -> None:
    discovered(world)
    verbs.set_bmc(world.ctx(), "1", BmcIn(address="10.78.0.1", username="admin", password="open-sesame"))
    with world.appliance.make_session() as db:
        stored = db.scalar(select(tables.Bmc.password))
    assert "open-sesame" not in stored and world.appliance.outside.sealer.open(stored) == "open-sesame"


def test_a_boots_token_is_good_from_anywhere_until_the_next_boot(world) -> None:
    token = discovered(world)
    assert beat(world, token) == "wait"  # nothing binds it to an address
    world.clock.now += 3600
    discovered(world)
    with pytest.raises(Unauthorised):
        reports.receive(world.ctx(NOBODY), token, report(disk="disk2"), HASH)


def test_boots_that_never_became_a_machine_are_forgotten_after_a_day(world) -> None:
    for number in range(20):
        boots.script(world.ctx(NOBODY), boots.Asker(mac=f"52:54:00:99:00:{number:02x}"))
    discovered(world)
    world.clock.now += 2 * 86400
    tick.machines(world.ctx(APPLIANCE))
    with world.appliance.make_session() as db:
        assert db.scalars(select(tables.Boot.mac)).all() == [MAC]
        assert (
            db.scalar(select(func.count()).where(tables.Event.machine_id.is_(None), tables.Event.kind == "boot.script")) == 0
        )


def test_a_first_report_may_pretend_to_be_a_silent_machine(world) -> None:
    discovered(world)
    stranger = boot(world, OTHER)
    with pytest.raises(Conflict):  # not while the real one is there
        reports.receive(world.ctx(NOBODY), stranger, report(MAC), HASH)
    world.clock.now += 3600
    assert reports.receive(world.ctx(NOBODY), stranger, report(MAC), HASH) == 1


def test_a_machine_changes_nothing_of_another(world) -> None:
    installing(world)
    mine = discovered(world, OTHER)
    verbs.assign(world.ctx(), "2", AssignIn(cluster="c1", role="controller"))
    verbs.install(world.ctx(), "2")
    before = look.show(world.ctx(), "compute1").model_dump(exclude={"jobs"})
    orders = works.claim(world.ctx(NOBODY), mine, "install")
    assert orders["FQDN"] == "controller1.lab.test"
    works.phase(world.ctx(NOBODY), orders["TOKEN"], "stream", 50, "")
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    for certname in ("compute1.lab.test", "puppet.lab.test"):
        word = puppet.challenge(world.ctx(NOBODY), orders["TOKEN"])["CHALLENGE"]
        with pytest.raises((Forbidden, NotFound)):
            puppet.autosign(world.ctx(APPLIANCE), certname, csr(certname, word))
    assert look.show(world.ctx(), "compute1").model_dump(exclude={"jobs"}) == before
    assert "kernel" in boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))
