"""What an attempt, a name or a run leaves behind: certificates, logs, and whether it may be called converged."""

from __future__ import annotations

import pytest
from test_path import HASH, NOBODY, boot, csr, installing, report, work_off
from test_silence import NAME, claimed, configuring, show

from oci.adapters.fake import FakePuppetCa
from oci.app import APPLIANCE
from oci.app import machines as listener
from oci.db import tables
from oci.problems import Gone
from oci.schemas.machines.machines import AssignIn
from oci.services.machines import look, verbs
from oci.services.path import puppet, reports, works


def cleaned(world) -> list[str]:
    world.puppet_ca.cleaned.clear()
    work_off(world)
    return list(world.puppet_ca.cleaned)


def failed_after_puppet(world) -> None:
    configuring(world)
    verbs.abort(world.ctx(), "1")


@pytest.mark.parametrize("way", ["unassign", "retire", "assign"])
def test_every_door_takes_the_certificate_back(world, way) -> None:
    failed_after_puppet(world)
    if way == "assign":
        verbs.install(world.ctx(), "1")
        verbs.abort(world.ctx(), "1")
        verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute", hostname="other"))
    else:
        getattr(verbs, way)(world.ctx(), "1")
    assert NAME in cleaned(world)
    with world.appliance.make_session() as db:
        assert db.query(tables.Challenge).count() == 0


def test_a_machine_that_never_had_a_certificate_costs_the_ca_nothing(world) -> None:
    installing(world)
    verbs.abort(world.ctx(), "1")
    with world.appliance.make_session() as db:
        db.query(tables.Work).delete()
        db.commit()
    verbs.unassign(world.ctx(), "1")
    assert cleaned(world) == []


def test_a_late_cleaning_never_takes_the_certificate_that_the_name_got_since(world) -> None:
    failed_after_puppet(world)
    world.outside(puppet_ca=FakePuppetCa(broken=True))
    verbs.unassign(world.ctx(), "1")
    work_off(world)
    world.outside(puppet_ca=world.puppet_ca)
    world.clock.now += 3  # before the next try
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    verbs.install(world.ctx(), "1")
    token = boot(world)
    reports.receive(world.ctx(NOBODY), token, report(), HASH)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    word = puppet.challenge(world.ctx(NOBODY), orders["TOKEN"])["CHALLENGE"]
    puppet.autosign(world.ctx(APPLIANCE), NAME, csr(NAME, word))
    world.clock.now += 600
    assert NAME not in cleaned(world)


def test_the_next_attempt_keeps_the_log_of_the_one_before_and_no_byte_is_there_twice(world) -> None:
    token = claimed(world)
    works.log(world.ctx(NOBODY), token, b"first line\n", 0)
    works.log(world.ctx(NOBODY), token, b"first line\nsecond \xff\n", 0)  # the answer was lost
    works.failed(world.ctx(NOBODY), token, "partition", "the disk is busy")
    world.clock.now += 30
    live = boot(world)
    reports.receive(world.ctx(NOBODY), live, report(), HASH)
    again = works.claim(world.ctx(NOBODY), live, "install")["TOKEN"]
    works.log(world.ctx(NOBODY), again, b"third line\n", 0)
    lines = show(world).install_log.splitlines()
    assert [line for line in lines if not line.startswith("===")] == ["first line", "second \ufffd", "third line"]
    assert [line[:13] for line in lines if line.startswith("===")] == ["=== attempt 1", "=== attempt 2"]
    assert "the disk is busy" in show(world).install_log


# -- converged


OLD = {"status": "unchanged", "noop": False, "cached_catalog_status": "on_failure", "transaction_completed": True}
DRY = {"status": "unchanged", "noop": True, "cached_catalog_status": "not_used"}
GOOD = {"status": "unchanged", "noop": False, "cached_catalog_status": "not_used", "transaction_completed": True}


@pytest.mark.parametrize("state", ["configuring", "failed"])
@pytest.mark.parametrize("said", [OLD, DRY])
def test_a_run_that_applied_nothing_of_today_moves_nothing(world, state, said) -> None:
    configuring(world)
    if state == "failed":
        verbs.abort(world.ctx(), "1")
    puppet.report(world.ctx(APPLIANCE), NAME, said)
    assert show(world).state == state
    puppet.report(world.ctx(APPLIANCE), NAME, GOOD)
    assert show(world).state == "active"


def test_an_active_machine_on_an_old_catalogue_says_so_until_a_good_run(world) -> None:
    configuring(world)
    puppet.report(world.ctx(APPLIANCE), NAME, GOOD)
    puppet.report(world.ctx(APPLIANCE), NAME, OLD)
    shown = show(world)
    assert (shown.state, shown.convergence) == ("active", "cached") and "old catalogue" in shown.reason
    assert "last good run ended at" in look.why(world.ctx(), "1").text
    assert look.list_machines(world.ctx(), convergence="cached").total == 1
    puppet.report(world.ctx(APPLIANCE), NAME, DRY)
    assert show(world).convergence == "cached"
    puppet.report(world.ctx(APPLIANCE), NAME, GOOD)
    assert show(world).reason == "" and show(world).convergence == "ok"


def test_a_machine_that_asks_after_its_good_end_is_told_that_it_was_one(world) -> None:
    token = configuring(world)
    puppet.report(world.ctx(APPLIANCE), NAME, GOOD)
    with pytest.raises(Gone, match="ended well"):
        puppet.challenge(world.ctx(NOBODY), token)


def test_the_listener_takes_words_and_pieces_of_the_log(world) -> None:
    token = claimed(world)
    client, signed = listener(world.appliance).test_client(), {"Authorization": f"Bearer {token}"}
    assert client.post("/install/alive", data={"doing": "mkfs"}, headers=signed).status_code == 204
    for _ in range(2):
        assert client.post("/install/log?at=0", data=b"one\n", headers=signed).status_code == 204
    assert client.post("/install/log?at=x", data=b"two\n", headers=signed).status_code == 204
    assert show(world).progress.doing == "mkfs"
    assert show(world).install_log.splitlines()[1:] == ["one", "two"]
    verbs.abort(world.ctx(), "1")
    assert client.post("/install/alive", data={"doing": "mkfs"}, headers=signed).status_code == 410
