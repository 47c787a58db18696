"""Every apply leaves a revision, what other verbs change is kept, and a cluster goes back to any of them."""

# ruff: noqa: F811 (fixtures)

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update
from test_declarations import CLOUD, apply, everything, export, rack  # noqa: F401

from oci.context import Actor
from oci.db import tables
from oci.domain.deploy import revisions as rules
from oci.problems import Conflict, Mistaken, NotFound
from oci.records.deploy import revisions as records
from oci.schemas.activity.events import EventQuery
from oci.schemas.cloud.declarations import ApplyIn
from oci.schemas.clusters.networks import RangeIn
from oci.schemas.clusters.settings import ScopeIn, SettingIn
from oci.schemas.deploy.revisions import CompareQuery, RevertIn, RevisionDetail, RevisionList, RevisionQuery
from oci.schemas.machines.machines import AssignIn
from oci.services.activity import events
from oci.services.cloud import declarations
from oci.services.clusters import networks, settings
from oci.services.deploy import revisions
from oci.services.machines import verbs

MORE = CLOUD.replace("attempts: 5", "attempts: 7").replace(
    "      addresses: {prov: 10.77.0.50}\n", "      settings: {attempts: 9}\n"
)
ADA = Actor("ada", "admin")


def listed(world, **query: int) -> RevisionList:
    return revisions.list_revisions(world.ctx(), "demo", RevisionQuery(**query))


def one(world, number: int, to: int | None = None) -> RevisionDetail:
    return revisions.show_revision(world.ctx(), "demo", number, CompareQuery(to=to))


def revert(world, number: int, dry_run: bool = False):
    return revisions.revert(world.ctx(), "demo", number, RevertIn(dry_run=dry_run))


def kept(world) -> str:
    """All revisions as text."""
    with world.appliance.make_session() as db:
        return repr([db.execute(select(tables.Revision.__table__).order_by(tables.Revision.id)).all()])


def set_attempts(world, value: int, **scope: str) -> None:
    settings.set_setting(world.ctx(ADA), "attempts", SettingIn(value=str(value), **(scope or {"cluster": "demo"})))


def attempts(world, **scope: str):
    found = settings.list_settings(world.ctx(), ScopeIn(**scope)).settings
    return next(one for one in found if one.name == "attempts")


def test_an_apply_that_changes_something_is_a_revision_and_no_other_is(rack) -> None:
    assert declarations.apply(rack.ctx(), ApplyIn(document=CLOUD, dry_run=True)).revision is None
    with pytest.raises(NotFound):
        listed(rack)
    made = declarations.apply(rack.ctx(), ApplyIn(document=CLOUD, note="  the first rack "))
    assert made.revision == 1
    assert declarations.apply(rack.ctx(), ApplyIn(document=CLOUD)).revision is None
    assert declarations.apply(rack.ctx(ADA), ApplyIn(document=MORE, dry_run=True)).changes
    with pytest.raises(Mistaken):
        apply(rack, CLOUD.replace("attempts: 5", "attempts: 500"))
    ((first,), since) = listed(rack).revisions, listed(rack).since
    assert (first.id, first.by, first.note, first.kind, first.back, since) == (
        *(1, "olga", "the first rack", rules.APPLIED, None),
        "",
    )
    shown = one(rack, 1)
    assert shown.document == export(rack) and shown.changes == made.changes and shown.changed == len(made.changes) > 5
    assert "+cluster: demo" in shown.difference.split("\n") and "none before it" in shown.compared
    with pytest.raises(NotFound, match="revisions"):
        one(rack, 2)


def test_what_other_verbs_change_is_told_and_kept_with_the_next_apply(rack) -> None:
    apply(rack)
    set_attempts(rack, 3)
    verbs.unassign(rack.ctx(), "3")
    between = export(rack)
    assert "changed since revision 1 by other verbs" in listed(rack).since and "added" in one(rack, 1).since
    assert "+  attempts: '3'" in one(rack, 1, 0).difference or "-  attempts: '3'" in one(rack, 1, 0).difference
    assert apply(rack, between) == [] and [each.id for each in listed(rack).revisions] == [1], "nothing changed: no revision"
    assert declarations.apply(rack.ctx(), ApplyIn(document=MORE)).revision == 3
    third, second, first = listed(rack).revisions
    assert (third.id, second.id, first.id) == (3, 2, 1) and listed(rack).since == ""
    assert (second.kind, second.by, third.kind, third.by) == (rules.BY_VERBS, "appliance", rules.APPLIED, "olga")
    assert one(rack, 2).document == between and "+  attempts: '3'" in one(rack, 2).changes
    assert "-  attempts: '3'" in one(rack, 3).difference.split("\n") and one(rack, 3).compared == "with revision 2"


def test_a_cluster_that_was_made_by_verbs_loses_nothing_by_its_first_document(rack) -> None:
    apply(rack)
    with rack.appliance.make_session() as db:
        db.execute(delete(tables.Revision))
        db.commit()
    was = export(rack)
    assert listed(rack).revisions == [] and listed(rack).since == ""
    apply(rack, MORE)
    second, first = listed(rack).revisions
    assert (first.kind, second.kind, one(rack, 1).document) == (rules.BY_VERBS, rules.APPLIED, was)


def test_two_revisions_back_it_is_to_the_octet_what_it_was(rack) -> None:
    apply(rack)
    first = export(rack)
    set_attempts(rack, 3, cluster="demo", role="compute")
    verbs.assign(rack.ctx(), "4", AssignIn(cluster="demo", role="compute"))
    networks.add_range(rack.ctx(), "prov", RangeIn(first="10.77.0.220", last="10.77.0.230", use="reserved"))
    between = export(rack)
    apply(rack, MORE)
    third = export(rack)
    dry = revert(rack, 1, dry_run=True)
    assert dry.changes and dry.revision is None and export(rack) == third and len(listed(rack).revisions) == 3
    made = revert(rack, 1)
    assert (made.back, made.revision, made.changes) == (1, 4, dry.changes) and export(rack) == first
    assert listed(rack).revisions[0].back == 1
    assert revert(rack, 2).revision == 5 and export(rack) == between
    assert revert(rack, 3).revision == 6 and export(rack) == third
    assert revert(rack, 3).revision is None and revert(rack, 3).changes == [], "it is so already"
    told = [
        each for each in events.list_events(rack.ctx(), EventQuery(kind="cluster.applied")).events if "back" in each.data
    ]
    assert [(each.data["back"], each.data["revision"]) for each in told] == [(1, 4), (2, 5), (3, 6)]
    assert told[0].text.startswith("demo goes back to revision 1: ")


def test_what_can_no_longer_be_is_refused_with_all_mistakes_and_changes_nothing(rack) -> None:
    apply(rack)
    verbs.unassign(rack.ctx(), "3")
    verbs.unassign(rack.ctx(), "2")
    with rack.appliance.make_session() as db:
        for number in (2, 3):
            db.execute(delete(tables.Nic).where(tables.Nic.machine_id == number))
            db.execute(delete(tables.Machine).where(tables.Machine.id == number))
        db.execute(update(tables.Machine).where(tables.Machine.id == 1).values(state="active"))
        db.commit()
    before, revs = everything(rack), kept(rack)
    for dry_run in (True, False):
        with pytest.raises(Mistaken) as refused:
            revert(rack, 1, dry_run)
        lines = one(rack, 1).document.splitlines()
        assert len(refused.value.mistakes) == 2
        assert {lines[line - 1].split()[-1].strip("'") for line, _where, _text in refused.value.mistakes} == {
            "52:54:00:00:00:02",
            "52:54:00:00:00:03",
        }
        assert (everything(rack), kept(rack)) == (before, revs)
    with pytest.raises(NotFound):
        revert(rack, 9)


def test_what_no_document_brings_back_is_told(rack) -> None:
    apply(rack)
    verbs.unassign(rack.ctx(), "3")
    more = "  tenant:\n    purpose: tunnel\n    cidr: 10.80.0.0/24\n    exclusive: true\naddresses:\n"
    text = export(rack).replace("addresses:\n", more, 1)
    apply(rack, text)
    left = revert(rack, 1).left
    assert "big1.demo.test" in left[0] and "disks" in left[0]
    assert (
        "not quite" in left[1] and "tenant" in export(rack) and "+    cidr: 10.80.0.0/24" not in one(rack, 1, 0).difference
    )
    assert "-  tenant:" in one(rack, 1, 0).difference.split("\n")
    assert "secret" in left[-1]


def test_a_use_case_that_fails_leaves_no_half_revision(rack, monkeypatch) -> None:
    apply(rack)
    set_attempts(rack, 3)
    before, revs = everything(rack), kept(rack)
    done = records._keep
    for number in range(3):
        calls = []

        def killed(*args, number=number, calls=calls, **more) -> None:
            calls.append(args)
            if len(calls) > number:
                raise SystemExit("killed")
            done(*args, **more)

        monkeypatch.setattr(records, "_keep", killed)
        if number < 2:
            for act in (lambda: apply(rack, MORE), lambda: revert(rack, 1)):
                calls.clear()
                with pytest.raises(SystemExit):
                    act()
                assert (everything(rack), kept(rack)) == (before, revs)
    assert apply(rack, MORE) and [each.id for each in listed(rack).revisions] == [3, 2, 1]


def test_a_setting_tells_who_set_it_when_and_by_which_revision(rack) -> None:
    apply(rack)
    role = {"cluster": "demo", "role": "controller"}
    first = attempts(rack, **role)
    assert (first.origin, first.by, first.at, first.revision) == (
        "role controller of cluster demo",
        "olga",
        rack.clock.now,
        1,
    )
    whole = attempts(rack, cluster="demo")
    assert (whole.origin, whole.by, whole.at, whole.revision) == ("default", "", None, None)
    began = rack.clock.now
    rack.clock.now += 3 * 86400
    set_attempts(rack, 5, **role)
    assert (attempts(rack, **role).by, attempts(rack, **role).at) == ("olga", began), "it was that already"
    set_attempts(rack, 6, **role)
    now = attempts(rack, machine="1")
    assert (now.value, now.origin, now.by, now.at, now.revision) == ("6", first.origin, "ada", rack.clock.now, None)
    revert(rack, 1)
    assert (attempts(rack, **role).revision, attempts(rack, **role).by) == (3, "olga")


def test_a_machine_that_leaves_keeps_its_settings_but_no_number_of_a_revision(rack) -> None:
    apply(rack)
    own = settings.list_settings(rack.ctx(), ScopeIn(machine="1")).settings
    assert [each.revision for each in own if each.name == "apt_suite"] == [1]
    verbs.unassign(rack.ctx(), "1")
    own = settings.list_settings(rack.ctx(), ScopeIn(machine="1")).settings
    assert [(each.value, each.revision, each.by) for each in own if each.name == "apt_suite"] == [("sid", None, "olga")]


def test_who_set_a_setting_is_in_no_snapshot(rack) -> None:
    apply(rack)
    query = select(tables.Cluster.revision)
    with rack.appliance.make_session() as db:
        before = db.scalar(query)
        row = db.scalars(select(tables.Setting).limit(1)).one()
        row.by, row.at, row.revision = "somebody", 1.0, 77
        db.commit()
        assert db.scalar(query) == before
        row.value = "9"
        db.commit()
        assert db.scalar(query) == before + 1


def test_not_more_are_kept_than_may_be_and_numbers_go_on(rack, monkeypatch) -> None:
    monkeypatch.setattr(rules, "KEPT", 3)
    for number in range(2, 8):
        apply(rack, CLOUD.replace("attempts: 5", f"attempts: {number}"))
    assert [each.id for each in listed(rack).revisions] == [6, 5, 4]
    assert "none before it is kept" in one(rack, 4).compared
    assert [each.id for each in listed(rack, limit=1, before=6).revisions] == [5] and listed(rack, limit=1).total == 3


def test_a_document_that_is_too_large_is_not_kept_and_that_is_said(rack, monkeypatch) -> None:
    apply(rack)
    monkeypatch.setattr(records, "LONGEST_DOCUMENT", 100)
    apply(rack, MORE)
    assert one(rack, 2).document == "" and "not kept" in one(rack, 2).compared
    with pytest.raises(Conflict, match="no document"):
        revert(rack, 2)
    monkeypatch.undo()
    assert revert(rack, 1).revision == 3 and "no document" in one(rack, 3).compared
