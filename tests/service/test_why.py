"""`machine why` tells what kind of failure it is, and the line that says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cloudy import NOBODY, cluster, poll
from sqlalchemy import select, update
from test_path import work_off
from test_silence import NAME, claimed, configuring

from oci.adapters.fake import BrokenPower
from oci.adapters.power.ipmi_answers import Outcome, explained
from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.deploy.failures import LINES, Evidence, judge
from oci.domain.path import convergence
from oci.ports import BmcAccess, OutsideError
from oci.records.cloud import evidence
from oci.schemas.machines.machines import Because, BmcIn
from oci.services.machines import look, verbs
from oci.services.path import polls, puppet, works

SECRET = "Sesame4711Sesame4711Sesame4711AB"
GOOD = {"status": "unchanged", "transaction_completed": True}
WAY = "/Stage[main]/Nova::Db::Sync/Exec[nova-db-sync]/returns"


def because(world, name: str = "1") -> Because:
    found = look.why(world.ctx(), name).because
    assert found is not None
    return found


def known(world, name: str = "1") -> Evidence:
    with world.appliance.make_session() as db:
        ctx = replace(world.ctx(APPLIANCE), _db=db)
        return evidence.of(ctx, db.scalars(select(tables.Machine).where(tables.Machine.name == name)).one())


def failed(*messages: str, source: str = "Puppet", resource: str = "Exec[nova-db-sync]") -> dict[str, object]:
    """The report of a run in which `resource` failed and that logged `messages`."""
    logs = [{"level": "err", "source": source, "message": message} for message in messages]
    return {"status": "failed", "failed_resources": [{"resource": resource, "messages": list(messages[:1])}], "logs": logs}


def report(world, said: dict[str, object], name: str = NAME) -> None:
    world.clock.now += 10
    puppet.report(world.ctx(APPLIANCE), name, said)


def active(world) -> None:
    configuring(world)
    report(world, GOOD)


def kept(world) -> list[str]:
    with world.appliance.make_session() as db:
        return list(db.scalars(select(tables.Run.log).order_by(tables.Run.id.desc()).limit(1)).one())


def test_a_machine_that_nothing_is_wrong_with_has_no_verdict(world) -> None:
    active(world)
    assert look.why(world.ctx(), str(verbs.enrol(world.ctx(), "52:54:00:77:00:09").id)).because is None
    assert look.why(world.ctx(), NAME).because is None and known(world, show(world)).words == ""


def show(world) -> str:
    return look.show(world.ctx(), NAME).name


# --- the four kinds


def test_an_install_that_a_disk_ended_is_hardware(world) -> None:
    token = claimed(world)
    log = b"oci: phase teardown\n\x1b[1mblk_update_request: I/O error, dev vda, sector 8 op 0x1\x00\nsgdisk ended with 4\n"
    works.phase(world.ctx(NOBODY), token, "check", 0, "")
    works.log(world.ctx(NOBODY), token, log, 0)
    works.failed(world.ctx(NOBODY), token, "check", "sgdisk ended with status 4: Problem opening /dev/vda")
    told = because(world)
    assert (told.kind, told.rule) == ("hardware", "disk-error")
    assert "blk_update_request: I/O error, dev vda, sector 8 op 0x1" in told.line and told.line.isprintable()
    assert told.page == "docs/reference/failures.md#disk-error" and "replace it" in told.advice
    assert known(world, show(world)).source == "install"


def test_a_catalogue_that_cannot_be_compiled_is_configuration(world) -> None:
    configuring(world)
    line = "Could not retrieve catalog from remote server: Error 500 on SERVER: Could not find class ::acme::cache for n1"
    report(world, {"status": "failed", "logs": [{"level": "err", "source": "Puppet", "message": line}]})
    told = because(world)
    assert (told.kind, told.rule) == ("configuration", "class-unknown") and "::acme::cache" in told.line


def test_a_database_that_was_in_the_way_is_transient(world) -> None:
    active(world)
    report(
        world,
        failed(
            "'nova-manage db sync' returned 1 instead of one of [0]",
            "(pymysql.err.OperationalError) (1213, 'Deadlock found when trying to get lock; try restarting transaction')",
            source=WAY,
        ),
    )
    told = because(world)
    assert (told.kind, told.rule) == ("transient", "database-deadlock") and told.line.startswith(WAY)
    report(world, GOOD)
    assert look.why(world.ctx(), "1").because is None, "a good run is the end of it"


def test_a_program_of_the_product_that_broke_is_ours(world) -> None:
    active(world)
    report(
        world,
        failed(
            "'/usr/lib/oci/oci-seed' returned 1 instead of one of [0]",
            'Traceback (most recent call last):\n  File "/usr/lib/oci/oci-seed", line 12, in <module>\nKeyError: 0',
        ),
    )
    told = because(world)
    assert (told.kind, told.rule, told.line) == (
        "ours",
        "program-broke",
        'File "/usr/lib/oci/oci-seed", line 12, in <module>',
    )


def test_what_no_rule_knows_is_told_as_that(world) -> None:
    token = claimed(world)
    works.failed(world.ctx(NOBODY), token, "check", "a new way to fail")
    told = because(world)
    assert (told.kind, told.rule, told.line) == ("unknown", "", "Confirming the disk: a new way to fail")


# --- what is taken for evidence


def test_the_last_attempt_that_logged_tells(world) -> None:
    token = claimed(world)
    works.log(world.ctx(NOBODY), token, b"tar: Cannot allocate memory\n", 0)
    works.failed(world.ctx(NOBODY), token, "stream", "tar ended with status 2")
    with world.appliance.make_session() as db:
        text = db.scalars(select(tables.Work.log)).one()
        more = "a line\n" * (LINES + 5) + "mke2fs said something new\n"
        db.execute(update(tables.Work).values(log=text + more, attempt=3, claimed=1.0, phase="filesystems"))
        db.execute(update(tables.Machine).values(state="failed", reason="Making file systems: it ended with status 1"))
        db.commit()
    found = known(world, show(world))
    assert len(found.log) == LINES and found.log[-1] == "mke2fs said something new" and judge(found).rule == "step-ended"


def test_a_controller_that_refuses_the_password_is_what_is_told(world) -> None:
    class Locked(BrokenPower):
        def _fail(self, bmc: BmcAccess) -> None:
            raise explained(bmc, "the power was not read", Outcome(1, "", "> RAKP 2 HMAC is invalid"))

    world.outside(power=Locked())
    claimed(world)
    verbs.set_bmc(world.ctx(), "1", BmcIn(address="10.78.0.1", username="root", password="sesame-4711"))
    verbs.power(world.ctx(), "1", "cycle")
    for _ in range(12):
        work_off(world)
        world.clock.now += 60
    told = because(world)
    assert (told.kind, told.rule) == ("configuration", "controller-password") and "user and password" in told.line
    assert known(world, show(world)).source == "power"


def test_what_the_puppet_server_was_refused_is_a_line_of_the_run(world) -> None:
    active(world)
    world.outside(roles={})
    with pytest.raises(Exception, match="role"):
        puppet.classify(world.ctx(APPLIANCE), NAME)
    said = (
        f"Error 500 on SERVER: Server Error: Failed to find {NAME} via exec: Execution of '/usr/local/bin/oci-enc {NAME}' "
    )
    report(world, {"status": "failed", "logs": [{"level": "err", "source": "Puppet", "message": said + "returned 1: "}]})
    told = because(world)
    assert (told.kind, told.rule) == ("configuration", "classification-refused") and "role" in told.line


def test_an_ordered_run_tells_what_the_machine_said_of_it(world) -> None:
    (name,) = cluster(world, network=1)
    _ordered(world, name, 22, "no catalogue was applied (status 1): Error: No more routes to ca")
    told = because(world, name)
    assert (told.kind, told.rule) == ("transient", "puppet-server-away")
    report(world, GOOD, name)
    assert look.why(world.ctx(), name).because is None, "a good run that was not ordered ends it too"


def test_a_check_that_is_not_well_is_evidence(world) -> None:
    (name,) = cluster(world, controller=1)
    _ordered(world, name, 0, "Puppet has converged", "mariadb.synced\tTraceback (most recent call last):\n")
    told = because(world, name)
    assert (told.kind, told.rule, told.line) == ("ours", "check-broke", "mariadb.synced: Traceback (most recent call last):")


def _ordered(world, name: str, status: int, words: str, checks: str = "") -> None:
    verbs.run_puppet(world.ctx(), name)
    world.clock.now += 60
    told = poll(world, name)
    polls.end(world.ctx(NOBODY), f"token of {name}", told.order, status, words, checks)


# --- what is kept, and what is not


def test_of_a_failed_run_the_first_lines_are_kept_and_what_follows_from_them_once(world) -> None:
    active(world)
    said = [f"error {number}" for number in range(100)]
    skipped = [f"/Stage[main]/File[/{number}]: Skipping because of failed dependencies" for number in range(300)]
    report(world, failed(*said, *skipped, "the last word\x07 " + "x " * 500))
    lines = kept(world)
    assert len(lines) == convergence.KEPT_LINES and lines[0] == "error 0" and lines[29] == "error 29"
    assert lines[-1].startswith("the last word x x") and len(lines[-1]) == convergence.KEPT_CHARS
    assert [line for line in lines if "Skipping" in line] == skipped[:1]
    report(world, GOOD)
    assert kept(world) == [], "a good run leaves no log"


@pytest.mark.parametrize("logs", [None, "text", 7, [None, 7, "text", {}], [{"message": None}], [{"message": {"a": 1}}] * 3])
def test_any_log_is_taken(world, logs) -> None:
    active(world)
    report(world, {"status": "failed", "logs": logs, "failed_resources": logs})
    assert all(isinstance(line, str) for line in kept(world))


def _plant(world) -> None:
    """A secret of the machine's cluster."""
    with world.appliance.make_session() as db:
        seal = world.appliance.outside.sealer.seal
        number = db.scalars(select(tables.Assignment.cluster_id)).first()
        db.add(tables.Secret(cluster_id=number, name="planted", value=seal(SECRET), made=0.0))
        db.commit()


def stored(world) -> str:
    """All that is in the database, as text."""
    with world.appliance.make_session() as db:
        return repr([db.execute(select(table)).all() for table in tables.Table.metadata.sorted_tables])


LEAKS = (
    f"Validation of Exec[a] failed: '{SECRET}' is not qualified and no path was specified",
    f"mysql://nova:{SECRET}@10.0.0.1/nova could not be parsed",
    f"{SECRET}{SECRET} and {SECRET[:20]}",
    f"change from 'absent' to '{SECRET}' failed",
)


@pytest.mark.parametrize("line", LEAKS)
def test_no_secret_of_the_cluster_comes_along(world, line: str) -> None:
    active(world)
    _plant(world)
    report(world, failed(line, resource=f"Exec[{SECRET}]"))
    assert SECRET[:20] not in stored(world) and "[redacted]" in stored(world)
    assert kept(world) and SECRET[:20] not in look.why(world.ctx(), "1").model_dump_json()


def test_no_secret_comes_along_by_the_words_of_a_machine(world) -> None:
    (name,) = cluster(world, network=1)
    _plant(world)
    _ordered(world, name, 23, f"not everything could be applied: Error: '{SECRET}' is not qualified")
    assert SECRET not in stored(world)


def test_no_secret_comes_along_by_what_first_boot_says(world) -> None:
    token = configuring(world)
    _plant(world)
    works.failed(world.ctx(NOBODY), token, "puppet", f"no catalogue was applied: Error: '{SECRET}' is not qualified")
    assert SECRET not in stored(world) and "[redacted]" in look.why(world.ctx(), "1").text


def test_where_secrets_cannot_be_read_nothing_is_kept(world) -> None:
    active(world)
    _plant(world)

    class Lost:
        def seal(self, clear: str) -> str:
            return clear

        def open(self, sealed: str) -> str:
            raise OutsideError("a stored secret cannot be read", "it was sealed with another key", "Restore the key")

    world.outside(sealer=Lost())
    report(world, failed("a line of which nobody knows what is in it"))
    assert kept(world) == ["[redacted]"] and "nobody knows" not in stored(world)
