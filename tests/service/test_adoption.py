"""A machine that was installed by other means is handed to Puppet: an archive, once; no disk, no power switch."""

from __future__ import annotations

import base64
import io
import tarfile

import pytest
from sqlalchemy import select
from test_path import csr, prepare

from oci.adapters.files import firstboot
from oci.app import APPLIANCE
from oci.config import shipped
from oci.context import Actor
from oci.db import tables
from oci.domain.path.works import ADOPT
from oci.problems import Conflict, Forbidden, Gone, Unavailable
from oci.schemas.machines.machines import AssignIn, BmcIn
from oci.services.activity import tick
from oci.services.machines import look, verbs
from oci.services.path import adoptions, boots, puppet, works

NOBODY = Actor("machine", "nobody")
FQDN = "compute1.lab.test"


@pytest.fixture
def promised(world):
    """A machine that nobody has booted: known by its MAC, with a role and a controller."""
    prepare(world)
    world.outside(firstboot=firstboot.read(shipped("discovery", "firstboot")))
    verbs.enrol(world.ctx(), "52:54:00:77:05:01")
    verbs.set_bmc(world.ctx(), "1", BmcIn(address="10.78.0.9", username="root", password="sesame"))
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    return world


def unpacked(world) -> dict[str, tuple[int, bytes]]:
    archive = base64.b64decode(adoptions.adopt(world.ctx(), FQDN).archive)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {one.name: (one.mode, tar.extractfile(one).read()) for one in tar.getmembers()}


def token_in(files: dict[str, tuple[int, bytes]]) -> str:
    return files["etc/oci/auth"][1].decode().removeprefix("Authorization: Bearer ").strip()


def state(world) -> tuple[str, str]:
    found = look.show(world.ctx(), "1")
    return found.state, found.reason


def test_the_archive_has_all_that_a_first_boot_needs(promised) -> None:
    files = unpacked(promised)
    assert files["etc/oci/auth"][0] == 0o600 and files["etc/oci/oci.env"][0] == 0o600
    assert b"FQDN='compute1.lab.test'" in files["etc/oci/oci.env"][1] and b"BEGIN CERTIFICATE" in files["etc/oci/ca.pem"][1]
    assert b"certname = compute1.lab.test" in files["etc/puppet/puppet.conf"][1]
    assert b"10.77.0.11 compute1.lab.test compute1" in files["etc/hosts"][1]
    for program in ("oci-firstboot", "oci-puppet", "oci-poll", "oci-check"):
        assert files[f"usr/lib/oci/{program}"][0] == 0o755
    assert files["usr/lib/systemd/system/oci-firstboot.service"][0] == 0o644


def test_the_machine_becomes_active_as_any_other(promised) -> None:
    token = token_in(unpacked(promised))
    assert state(promised)[0] == "configuring"
    works.phase(promised.ctx(NOBODY), token, "firstboot", 0, "")
    word = puppet.challenge(promised.ctx(NOBODY), token)
    puppet.autosign(promised.ctx(APPLIANCE), FQDN, csr(FQDN, word["CHALLENGE"]))
    assert "profile::base" in puppet.classify(promised.ctx(APPLIANCE), FQDN)
    puppet.report(promised.ctx(APPLIANCE), FQDN, {"status": "changed"})
    assert state(promised) == ("active", "")
    with pytest.raises(Gone):
        works.phase(promised.ctx(NOBODY), token, "firstboot", 0, "")
    script = boots.script(promised.ctx(NOBODY), boots.Asker(mac="52:54:00:77:05:01", platform="efi"))
    assert "oci.boot=" not in script, "it boots what it has"


def test_a_second_archive_makes_the_first_one_worthless(promised) -> None:
    first = token_in(unpacked(promised))
    with pytest.raises(Conflict, match="cannot adopt"):
        adoptions.adopt(promised.ctx(), FQDN)
    verbs.abort(promised.ctx(), FQDN)
    second = token_in(unpacked(promised))
    with pytest.raises(Gone):
        works.phase(promised.ctx(NOBODY), first, "firstboot", 0, "")
    works.phase(promised.ctx(NOBODY), second, "firstboot", 0, "")


def test_silence_switches_no_power_and_says_what_to_do(promised) -> None:
    unpacked(promised)
    with promised.appliance.make_session() as db:  # what was ordered before: its power was asked for
        db.query(tables.Job).delete()
        db.commit()
    promised.clock.now += promised.appliance.config.first_sign_seconds + 1
    for number in tick.suspects(promised.ctx(APPLIANCE)):
        tick.look(promised.ctx(APPLIANCE), number)
    assert state(promised)[0] == "configuring" and "unpack the archive" in state(promised)[1]
    with promised.appliance.make_session() as db:
        assert [job.kind for job in db.scalars(select(tables.Job))] == []
    promised.clock.now += promised.appliance.config.longest_seconds
    tick.look(promised.ctx(APPLIANCE), 1)
    assert state(promised)[0] == "failed"
    assert token_in(unpacked(promised)), "it may be tried again"


def test_no_secret_of_it_is_kept_or_told(promised, caplog) -> None:
    token = token_in(unpacked(promised))
    with promised.appliance.make_session() as db:
        stored = repr([db.execute(select(table)).all() for table in tables.Table.metadata.sorted_tables])
        (kind,) = db.scalars(select(tables.Work.kind))
    assert kind == ADOPT and token not in stored + caplog.text


def test_who_may_and_what_cannot_be(promised) -> None:
    with pytest.raises(Forbidden):
        adoptions.adopt(promised.appliance.ctx(Actor("vic", "viewer")), FQDN)
    verbs.enrol(promised.ctx(), "52:54:00:77:05:02")
    with pytest.raises(Conflict, match="has no role"):
        adoptions.adopt(promised.ctx(), "2")
    promised.outside(firstboot={})
    with pytest.raises(Unavailable, match="are not there"):
        adoptions.adopt(promised.ctx(), FQDN)
    assert state(promised)[0] == "assigned"
