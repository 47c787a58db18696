"""Cards that move, boards that are replaced, twins, and what a person answers: whole stories on SQLite and fakes."""

from __future__ import annotations

import pytest
from fleet import Fleet, server
from promised import disks

from oci.domain.identity.facts import swapped_uuid
from oci.problems import Conflict, Forbidden, NotFound, Problem
from oci.schemas.machines.conflicts import ConflictQuery, JoinIn, MergeIn, SplitIn
from oci.schemas.machines.machines import AssignIn
from oci.services.machines import conflicts, look, verbs
from oci.services.path import boots, reports, works


@pytest.fixture
def fleet(world) -> Fleet:
    made = Fleet(world)
    made.site()
    return made


def questions(fleet: Fleet) -> list[tuple[int, str]]:
    return [(c.id, c.kind) for c in conflicts.list_conflicts(fleet.op).conflicts]


# --- cards that move


def test_four_ports_of_one_card_do_not_make_another_server_the_one_they_came_from(fleet) -> None:
    card = tuple(f"3c:fd:fe:10:20:{n:02x}" for n in range(4))
    old, new = server(1, macs=(*card, "3c:ec:ef:00:00:11")), server(2, macs=("3c:ec:ef:00:00:22", *card))
    _, first = fleet.live(old)
    fleet.order(first)
    fleet.world.clock.now += 7200
    token, second = fleet.live(new)
    assert second != first and fleet.beat(token, new) == "wait"
    with pytest.raises(Conflict, match="no install is ordered"):
        works.claim(fleet.no, token, "install")


def test_the_card_that_a_server_boots_from_moves_and_both_go_on(fleet) -> None:
    card = "3c:fd:fe:10:20:01"
    old, new = server(1, macs=(card, "3c:ec:ef:00:00:11")), server(2, macs=(card, "3c:ec:ef:00:00:22"))
    first = fleet.active(old)
    token, second = fleet.live(new)  # not "its own disk": what it says of itself is not the active machine
    assert second not in (first, None) and fleet.beat(token, new) == "wait"
    assert look.show(fleet.op, str(first)).presence != "live"
    name = fleet.order(second)
    assert fleet.beat(token, new) == "install"
    fleet.finish(token, name)
    assert fleet.boot(new) == ""
    assert fleet.boot(old, mac="3c:ec:ef:00:00:11") == ""
    assert fleet.boot(old) == ""  # the card back in its place, by what the machine says of itself
    assert "is machine 2" not in " ".join(fleet.events("token.refused"))


def test_a_machine_that_waits_does_not_keep_another_with_its_card_from_being_known(fleet) -> None:
    card = "3c:fd:fe:10:20:01"
    old, new = server(1, macs=(card, "3c:ec:ef:00:00:11")), server(2, macs=(card, "3c:ec:ef:00:00:22"))
    waits, first = fleet.live(old, mac="3c:ec:ef:00:00:11")
    fleet.beat(waits, old)
    token = fleet.boot(new, wait=1, says=False)  # a loader that says nothing: the MAC alone is the old one's
    assert fleet.beat(token, new) == "report"
    second = fleet.report(token, new)
    assert second != first
    assert (fleet.beat(token, new), fleet.beat(waits, old)) == ("wait", "wait")
    assert fleet.events("boot.moved")


def test_two_machines_swap_their_cards(fleet) -> None:
    one, two = server(1), server(2)
    ids = [fleet.live(one)[1], fleet.live(two)[1]]
    one, two = one.with_parts(macs=(two.macs[0], one.macs[1])), two.with_parts(macs=(one.macs[0], two.macs[1]))
    assert [fleet.live(one)[1], fleet.live(two)[1]] == ids
    assert [fleet.live(two)[1], fleet.live(one)[1]] == ids[::-1]
    assert sorted(look.show(fleet.op, str(ids[0])).macs) == sorted(one.macs)


def test_an_adapter_that_goes_from_server_to_server_is_no_proof(fleet) -> None:
    adapter = "00:50:b6:10:20:30"
    ids = [fleet.live(server(n, macs=(f"3c:ec:ef:00:00:{n:02x}", adapter)), mac=adapter)[1] for n in (1, 2, 3, 4)]
    assert ids == [1, 2, 3, 4] and questions(fleet) == []


def test_a_listed_card_of_an_active_machine_does_not_keep_it_from_its_disk(fleet) -> None:
    it = server(1)
    fleet.active(it)
    thief = server(2, macs=(server(2).macs[0], *it.macs))
    assert fleet.live(thief)[1] == 2
    assert fleet.boot(it) == "" and fleet.boot(it, says=False) == ""
    assert fleet.boot(thief, mac=it.macs[0]) != ""


def test_a_machine_that_is_restarted_often_is_not_taken_for_one_that_comes_back(fleet) -> None:
    it = server(1)
    fleet.active(it)
    assert [fleet.boot(it) for _ in range(5)] == [""] * 5
    token = fleet.boot(it.with_parts(uuid=server(50).uuid, serial=""))
    fleet.report(token, it)
    assert fleet.beat(token, it) == "reboot"


# --- twins


@pytest.mark.parametrize(
    ("uuid", "serial"),
    [
        ("A0A0A0A0-A0A0-A0A0-A0A0-A0A0A0A0A0A0", "SYS-1234567890"),
        ("03000200-0400-0500-0006-000700080009", "Default string"),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "XXXXXXXX"),
        ("4C4C4544-0000-2010-8020-80C04F202020", "9876543210987"),
        ("00000000-0000-0000-0000-000000000000", "WB 0123456789"),
    ],
)
def test_twins_with_the_same_fillers_are_two(fleet, uuid: str, serial: str) -> None:
    twins = [server(n, uuid=uuid, serial=serial, board="Default string", bmc="") for n in range(1, 5)]
    assert [fleet.live(twin)[1] for twin in twins] == [1, 2, 3, 4]
    assert [fleet.live(twin)[1] for twin in twins[::-1]] == [4, 3, 2, 1]
    assert questions(fleet) == []


def test_twins_with_values_on_no_list_and_disks_of_their_own_are_two(fleet) -> None:
    same = {"uuid": "7d1f2c55-9b3e-4b6a-8f5e-2d4c6b8a9e01", "serial": "EVALBOARD7", "board": "", "bmc": ""}
    one, two, three = (server(n, **same) for n in (1, 2, 3))
    first = fleet.active(one)
    assert [fleet.boot(two) for _ in range(3)] == [""] * 3  # its own disk; then it is looked at
    assert fleet.live(two)[1] == 2 and fleet.live(three)[1] == 3 and questions(fleet) == []
    assert [fleet.live(two)[1], fleet.live(three)[1]] == [2, 3]
    assert fleet.boot(one) == "" and fleet.state(first) == "active"


def test_twins_with_values_on_no_list_are_asked_about_once_and_then_told_apart(fleet) -> None:
    same = {"uuid": "7d1f2c55-9b3e-4b6a-8f5e-2d4c6b8a9e01", "serial": "EVALBOARD7", "board": "", "bmc": ""}
    one, two, three = server(1, **same), server(2, **same, disk=""), server(3, **same, disk="")
    first = fleet.active(one)
    for _ in range(6):  # sent to its own disk, which it has none of; then it is looked at
        if token := fleet.boot(two):
            break
    assert "an operator must decide" in str(fleet.report(token, two)) and fleet.beat(token, two) == "wait"
    for number, kind in questions(fleet):
        if kind == "report":
            assert conflicts.split(fleet.op, number).machine == "machine-2"
    assert fleet.beat(token, two) == "report" and fleet.report(token, two) == 2
    assert fleet.live(two)[1] == 2 and fleet.live(three)[1] == 3
    assert fleet.state(first) == "active" and fleet.boot(one) == ""


def test_nodes_of_one_enclosure_share_its_serial_and_are_several(fleet) -> None:
    nodes = [server(n, serial="BOX0001", board="") for n in (1, 2, 3, 4)]
    assert [fleet.live(node)[1] for node in nodes] == [1, 2, 3, 4]
    moved = nodes[0].with_parts(macs=(nodes[1].macs[0], nodes[0].macs[1]))
    assert fleet.live(moved)[1] == 1 and questions(fleet) == []


def test_a_card_from_a_known_node_in_an_unknown_node_of_the_same_enclosure(fleet) -> None:
    one = server(1, serial="BOX0001", board="")
    _, first = fleet.live(one)
    fleet.order(first)
    two = server(2, serial="BOX0001", board="", macs=(one.macs[0], "3c:ec:ef:00:00:22"))
    token, said = fleet.live(two)
    assert said != first and fleet.beat(token, two) != "install"


# --- boards that are replaced


def repaired(it, number: int = 90):
    """Another mainboard in the same box, into which a technician wrote UUID and serial again."""
    other = server(number)
    return it.with_parts(macs=other.macs, bmc=other.bmc, board=other.board)


def test_an_active_machine_with_a_new_board_under_its_old_label_boots_its_disk_and_is_asked_about(fleet) -> None:
    old = server(1)
    first = fleet.active(old)
    new = repaired(old)
    assert fleet.boot(new, wait=86400) == ""
    ((number, kind),) = questions(fleet)
    assert kind == "boot"
    assert conflicts.join(fleet.op, number, JoinIn(machine=str(first))).machine == "compute1.lab.test"
    assert new.macs[0] in look.show(fleet.op, str(first)).macs
    assert [fleet.boot(new) for _ in range(6)] == [""] * 6 and questions(fleet) == []


def test_a_new_board_that_reports_is_asked_about_and_joined(fleet) -> None:
    old = server(1)
    _, first = fleet.live(old)
    new = repaired(old)
    token, said = fleet.live(new, wait=86400, says=False)
    assert "an operator must decide" in str(said) and fleet.beat(token, new) == "wait"
    ((number, _),) = questions(fleet)
    shown = conflicts.show(fleet.op, number)
    assert shown.verbs == ["join", "split"] and shown.machines[0].id == first
    assert f"uuid {new.uuid}" in shown.machines[0].agree and f"bmc mac {new.bmc}" in shown.machines[0].differ
    conflicts.join(fleet.op, number, JoinIn(machine=str(first)))
    assert fleet.beat(token, new) == "report" and fleet.report(token, new) == first
    assert fleet.live(new)[1] == first
    assert sorted(look.show(fleet.op, str(first)).macs) == sorted(new.macs)
    with pytest.raises(Problem, match="joined by olga already"):
        conflicts.split(fleet.op, number)


def test_the_same_question_is_asked_once_and_counted(fleet) -> None:
    old = server(1)
    fleet.live(old)
    new = repaired(old)
    for _ in range(4):
        fleet.live(new, says=False)
    ((number, _),) = questions(fleet)
    assert conflicts.show(fleet.op, number).times == 4 and len(fleet.events("machine.conflict")) == 1


def test_an_order_is_not_carried_out_by_a_board_that_was_not_meant(fleet) -> None:
    """Whatever let a report be taken for the machine: the order remembers which mainboard it was given for."""
    old = server(1)
    _, first = fleet.live(old)
    fleet.order(first)
    new = server(2)
    with fleet.world.appliance.make_session() as db:
        from oci.db import tables

        row = db.get(tables.Machine, first)
        row.uuid, row.bmc.mac, row.board_serial = new.uuid, new.bmc, new.board
        db.commit()
    token, said = fleet.live(new)
    assert said == first and fleet.beat(token, new) == "install"
    with pytest.raises(Conflict, match="another mainboard"):
        works.claim(fleet.no, token, "install")
    machine = look.show(fleet.op, str(first))
    assert machine.state == "failed" and old.uuid in machine.reason and new.uuid in machine.reason
    assert machine.progress.outcome == "failed" and len(fleet.events("install.refused")) == 1
    with pytest.raises(Conflict, match="which its latest report does not list"):
        verbs.install(fleet.op, str(first))
    verbs.promise(fleet.op, str(first))  # a person looked, and orders it for what it is now
    verbs.install(fleet.op, str(first))
    assert [name for name, _ in disks(works.claim(fleet.no, token, "install"))] == ["serial:disk-2"]


def test_a_person_who_joins_a_new_board_has_the_order_carried_out_there(fleet) -> None:
    old = server(1)
    _, first = fleet.live(old)
    name = fleet.order(first)
    new = repaired(old).with_parts(uuid=server(90).uuid, macs=(old.macs[0], server(90).macs[1]))
    token, said = fleet.live(new)
    assert "an operator must decide" in str(said)
    conflicts.join(fleet.op, questions(fleet)[0][0], JoinIn(machine=name))
    assert fleet.report(token, new) == first and fleet.beat(token, new) == "install"
    fleet.finish(token, name)


def test_an_enrolled_machine_is_bound_by_its_first_report(fleet) -> None:
    it = server(1)
    verbs.enrol(fleet.op, it.macs[1])
    verbs.assign(fleet.op, "1", AssignIn(cluster="c1", role="compute"))
    verbs.install(fleet.op, "1")
    token, said = fleet.live(it, mac=it.macs[1])
    assert said == 1 and fleet.beat(token, it) == "install"
    with fleet.world.appliance.make_session() as db:
        from oci.db import tables

        assert db.get(tables.Work, 1).facts["uuid"] == it.uuid
    assert [name for name, _ in disks(works.claim(fleet.no, token, "install"))] == ["serial:disk-1"]


def test_orders_are_for_a_boot_that_has_reported(fleet) -> None:
    it = server(1)
    _, first = fleet.live(it)
    fleet.order(first)
    token = fleet.boot(it)
    assert fleet.beat(token, it) == "report"
    with pytest.raises(Conflict, match="report first"):
        works.claim(fleet.no, token, "install")


# --- boots


def test_a_mac_that_firmware_made_up_is_learned_and_the_machine_boots_its_disk(fleet) -> None:
    it = server(1, virtual="02:5e:10:00:00:07")
    first = fleet.active(it)
    assert fleet.boot(it, says=False) == ""
    assert fleet.events("machine.learned") and it.virtual in look.show(fleet.op, str(first)).macs


def test_a_made_up_mac_that_two_machines_boot_from_is_no_proof(fleet) -> None:
    one, two = (server(n, virtual="02:5e:10:00:00:07") for n in (1, 2))
    assert [fleet.live(one)[1], fleet.live(two)[1], fleet.live(one)[1]] == [1, 2, 1]
    first = fleet.active(one)
    assert fleet.boot(one) == "" and fleet.boot(two) != ""
    assert fleet.live(two, says=False)[1] == 2 if fleet.boot(two, says=False) else True
    assert fleet.state(first) == "active"


@pytest.mark.parametrize("said", ["swapped", "upper", "filler", "nothing", "no serial"])
def test_an_active_machine_boots_its_disk_whatever_spelling_its_loader_uses(fleet, said: str) -> None:
    it = server(1)
    fleet.active(it)
    uuid = {"swapped": swapped_uuid(it.uuid), "upper": it.uuid.upper(), "filler": "F" * 32, "nothing": ""}.get(said, it.uuid)
    serial = "" if said in ("nothing", "no serial") else "To be filled by O.E.M." if said == "filler" else f" {it.serial} "
    asker = boots.Asker(mac=it.macs[0], uuid=uuid, serial=serial, platform="efi")
    assert "oci.boot=" not in boots.script(fleet.no, asker)


def test_what_a_loader_says_otherwise_than_the_report_is_learned_from_the_report(fleet) -> None:
    it = server(1)
    fleet.active(it)
    loader = it.with_parts(uuid="9d1b7c31-2a54-4f0e-8c11-aa90be77c210", serial="OTHERNAME")
    token = fleet.boot(loader)
    assert token and fleet.report(token, it) == 1 and fleet.beat(token, it) == "reboot"
    assert fleet.boot(loader) == "" and fleet.boot(it) == ""


# --- circles


def test_an_active_machine_that_comes_back_to_the_live_image_stays_there_with_a_reason(fleet) -> None:
    it = server(1)
    first = fleet.active(it)
    fleet.world.appliance.outside.power.calls.clear()
    seen = []
    for n in range(6):
        said = it.with_parts(uuid=server(50 + n).uuid, serial="")  # a loader that calls itself by another name each time
        if token := fleet.boot(said):
            fleet.report(token, it)
            seen += [fleet.beat(token, it), fleet.beat(token, it)]
    assert seen[:6] == ["reboot"] * 6 and set(seen[6:]) == {"wait"}
    machine = look.show(fleet.op, str(first))
    assert machine.state == "active" and "came back to the live image 6 times" in machine.reason
    ((number, kind),) = questions(fleet)
    assert kind == "returns" and fleet.events("machine.returns")
    conflicts.close(fleet.op, number)
    assert look.show(fleet.op, str(first)).reason == "" and questions(fleet) == []


def test_a_configuring_machine_that_comes_back_fails_with_a_reason(fleet) -> None:
    it = server(1)
    token, first = fleet.live(it)
    fleet.order(first)
    works.done(fleet.no, works.claim(fleet.no, token, "install")["TOKEN"])
    for n in range(6):
        token = fleet.boot(it.with_parts(uuid=server(50 + n).uuid, serial=""))
        fleet.report(token, it)
        fleet.beat(token, it)
    machine = look.show(fleet.op, str(first))
    assert machine.state == "failed" and "although its own disk is due" in machine.reason


def test_a_disk_that_does_not_boot_is_told_to_a_person(fleet) -> None:
    it = server(1)
    first = fleet.active(it)
    assert [fleet.boot(it) for _ in range(15)] == [""] * 15
    assert "see whether its disk boots" in look.show(fleet.op, str(first)).reason
    assert len(fleet.events("machine.returns")) == 1


def test_reports_that_say_nothing_end_as_a_question(fleet) -> None:
    it = server(1, macs=(), uuid="", serial="Default string", board="", bmc="")
    token = fleet.boot(it, mac="b0:26:99:00:00:01")
    seen = []
    for _ in range(4):
        seen.append(fleet.beat(token, it))
        if seen[-1] == "report":
            with pytest.raises(Problem, match="nothing else that tells"):
                reports.receive(fleet.no, token, it.report(), "ab" * 32)
    assert seen == ["report", "report", "report", "wait"]
    ((number, kind),) = questions(fleet)
    assert kind == "refused" and look.list_machines(fleet.op).total == 0
    conflicts.close(fleet.op, number)
    assert fleet.beat(token, it) == "report"


def test_two_that_say_they_are_one_and_are_both_on_end_as_a_question(fleet) -> None:
    bare = {"uuid": "", "board": "", "bmc": "", "serial": ""}
    one = server(1, **bare)
    two = one.with_parts(disk="disk-two")  # cloned to the last MAC
    first_token, first = fleet.live(one)
    second_token = fleet.boot(two, wait=1)
    assert "another boot of this machine is still active" in str(fleet.report(second_token, two))
    for _ in range(12):
        assert fleet.beat(first_token, one) == "wait"
        assert fleet.beat(second_token, two) == "wait"
    ((number, kind),) = questions(fleet)
    assert kind == "twice"
    assert conflicts.split(fleet.op, number).machine == "machine-2"
    assert fleet.report(second_token, two) == 2 and fleet.beat(first_token, one) == "wait" and first == 1


# --- machines without cards of their own


def test_a_machine_without_a_permanent_mac_is_known_by_the_rest(fleet) -> None:
    it = server(1, macs=())
    _, first = fleet.live(it, mac="02:11:22:aa:bb:01")
    assert first == 1 and fleet.live(it, mac="02:11:22:aa:bb:02")[1] == 1
    other = server(2, macs=())
    assert fleet.live(other, mac="02:11:22:aa:bb:01")[1] == 2


# --- verbs


def test_two_records_are_joined_only_by_the_name_of_the_one_that_goes(fleet) -> None:
    fleet.live(server(1))
    _, second = fleet.live(server(2))
    name = fleet.order(1)
    with pytest.raises(Problem, match="confirm with exactly that name"):
        conflicts.merge(fleet.op, "1", MergeIn(other="2", confirm="yes"))
    with pytest.raises(Conflict, match="promised to nobody"):
        conflicts.merge(fleet.op, "2", MergeIn(other="1", confirm=name))
    made = conflicts.merge(fleet.op, "1", MergeIn(other="2", confirm="machine-2"))
    assert (made.id, made.name) == (1, name) and len(made.macs) == 4
    with pytest.raises(NotFound):
        look.show(fleet.op, str(second))
    assert "took over the record machine-2" in fleet.events("machine.joined")[0]
    token, said = fleet.live(server(2))
    assert said == 1 and fleet.beat(token, server(2)) == "install"


def test_a_fact_is_split_off_and_proves_nothing_then(fleet) -> None:
    one, two = server(1, board="", bmc="", serial=""), server(2, board="", bmc="", serial="")
    fleet.live(one)
    made = conflicts.split_fact(fleet.op, "1", SplitIn(fact=one.macs[1]))
    assert one.macs[1] not in made.macs
    conflicts.split_fact(fleet.op, "1", SplitIn(fact=one.uuid.upper()))
    assert fleet.live(two.with_parts(uuid=one.uuid, macs=(two.macs[0], one.macs[1])))[1] == 2
    assert fleet.live(one)[1] == 1
    with pytest.raises(Problem, match="no MAC, UUID, serial or BMC MAC"):
        conflicts.split_fact(fleet.op, "1", SplitIn(fact="nonsense"))


def test_answers_are_for_operators_and_remembered(fleet, world) -> None:
    from oci.context import Actor

    fleet.live(server(1))
    fleet.live(repaired(server(1)), says=False)
    ((number, _),) = questions(fleet)
    with pytest.raises(Forbidden):
        conflicts.split(world.ctx(Actor("vera", "viewer")), number)
    conflicts.split(fleet.op, number)
    found = conflicts.list_conflicts(fleet.op, ConflictQuery(all=True))
    assert found.open == 0 and [(c.outcome, c.actor, c.machine) for c in found.conflicts] == [("split", "olga", "machine-2")]
    with pytest.raises(NotFound):
        conflicts.show(fleet.op, 99)
