"""What a parameter of a class is made of is found by trying: all that changes it, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import fleets
import pytest

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile
from oci.domain.cluster.setting_types import TYPES
from oci.domain.cluster.settings import OF_PUPPET, SETTINGS, Stored, others, read, text_of
from oci.domain.deploy.explained import KINDS, SECRET
from oci.render.puppet import explained, variations
from oci.render.puppet.enc import enc
from oci.render.puppet.explained import Unknown, explain
from oci.render.puppet.profiles import PROFILES

TEN = fleets.sized("ten")
COMPUTE, CONTROLLER = TEN.with_role("compute")[1], TEN.with_role("controller")[0]


def made_of(name: str, member: Member = COMPUTE, fleet: Fleet = TEN) -> set[str]:
    return {f"{one.kind} {one.name}" for one in explain(fleet, member, name).inputs}


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("profile::nova::common::cloud.region", {"setting region"}),
        ("profile::nova::common::cloud.debug", {"setting log_level"}),
        ("profile::nova::common::cloud.workers", {"setting api_workers", "machine memory"}),
        ("profile::nova::common::cloud.memcached", {"members profile::memcached"}),
        ("profile::nova::common::cloud.first", {"members profile::nova::common"}),
        ("profile::nova::common::cloud.address", {"machine addresses"}),
        ("profile::nova::common::cloud.api", {"cluster domain"}),
        ("profile::nova::common::password", {"secret keystone.nova"}),
        ("profile::nova::common::certificate", {"certificate host", "certificate cluster.ca"}),
        ("profile::nova::compute::virt_type", {"setting virt_type"}),
        ("profile::base::ca_certificates", {"site ca_certificates", "cluster root certificate"}),
        ("profile::base::apt_suite", {"setting apt_suite"}),
        ("profile::ovn::controller::south", {"members profile::ovn::central"}),
    ],
)
def test_what_is_known_to_be_is_found(name: str, inputs: set[str]) -> None:
    assert made_of(name) == inputs


def test_a_setting_that_hides_another_fact_is_told_alone() -> None:
    fixed = replace(TEN, settings=Stored(machines={COMPUTE.machine_id: {"api_workers": 4}}))
    assert made_of("profile::nova::common::cloud.workers", fleet=fixed) == {"setting api_workers"}
    (told,) = explain(fixed, COMPUTE, "profile::nova::common::cloud.workers").inputs
    assert told.value == "4"


def test_a_virtual_address_is_told_where_it_stands_and_elsewhere_as_what_is_needed() -> None:
    front = explain(TEN, CONTROLLER, "profile::haproxy::front")
    assert [one.kind for one in front.inputs] == ["virtual address"] and front.needs == ()
    whole = explain(TEN, CONTROLLER, "profile::haproxy::api")
    assert [one.name for one in whole.needs] == ["api.lab.test (provisioning)"]


def test_everything_that_the_site_or_a_setting_changes_is_found_for_every_parameter() -> None:
    """What the classification as a whole shows of each setting, each parameter's explanation shows of it as well."""
    for member in (COMPUTE, CONTROLLER):
        before = enc(TEN, member)["classes"]
        told = {name: made_of(name, member) for name in explained.names(TEN, member)}
        for setting in OF_PUPPET:
            if not hasattr(TEN.site, setting):
                continue
            (value, *_more) = others(SETTINGS[setting], getattr(TEN.site, setting))
            after = enc(replace(TEN, site=replace(TEN.site, **{setting: value})), member)["classes"]
            changed = {f"{one}::{key}" for one in before for key in before[one] if before[one][key] != after[one].get(key)}
            assert changed <= {name for name, inputs in told.items() if f"setting {setting}" in inputs}, setting


def test_what_is_the_same_everywhere_says_so(monkeypatch) -> None:
    monkeypatch.setitem(PROFILES, "profile::base", Profile(lambda _fleet, _member: {"always": ["on", {"a.b": None}]}))
    told = explain(TEN, COMPUTE, "profile::base::always")
    assert [(one.kind, one.value) for one in told.inputs] == [("profile", explained.SAME)]
    assert explain(TEN, COMPUTE, "profile::base::always.1.a.b").value == "null"
    with pytest.raises(Unknown):
        explain(TEN, COMPUTE, "profile::base::always.2")


def test_a_function_that_takes_not_every_snapshot_is_explained_all_the_same(monkeypatch) -> None:
    def parameters(fleet: Fleet, member: Member) -> dict[str, object]:
        order = [one.hostname for one in fleet.with_profile("profile::mariadb")]
        return {"first": order[0], "mine": {"x": 1}[len(member.addresses) and "x"], "gib": 100 // (member.memory_bytes + 1)}

    monkeypatch.setitem(PROFILES, "profile::base", Profile(parameters))
    assert made_of("profile::base::first") == {"members profile::mariadb"}
    assert made_of("profile::base::gib") == {"machine memory"}


def test_unknown_ones_say_which_there_are() -> None:
    with pytest.raises(Unknown, match=r"profile::nova::common is given no .*log_level.*profile::nova::common::cloud, "):
        explain(TEN, COMPUTE, "profile::nova::common::log_level")
    for odd in (
        "",
        "profile",
        "profile::mariadb::members",
        "profile::base",
        "profile::base::",
        "x" * 600,
        "profile::base::.",
    ):
        with pytest.raises(Unknown, match="profile::base"):
            explain(TEN, COMPUTE, odd)


def test_every_parameter_and_part_has_an_explanation_and_a_value_in_json() -> None:
    for name in explained.names(TEN, COMPUTE):
        told = explain(TEN, COMPUTE, name)
        json.loads(told.value)
        assert told.inputs and {one.kind for one in (*told.inputs, *told.needs)} <= set(KINDS), name
        assert not any(one.value != "***" for one in told.inputs if one.kind == SECRET)
        for part in told.parts:
            assert explain(TEN, COMPUTE, part).profile == told.profile


def test_trying_changes_nothing_and_has_an_end() -> None:
    before = enc(TEN, COMPUTE)
    found = list(variations.variations(TEN, COMPUTE))
    assert 50 < len(found) < 200 and 100 < sum(len(ways) for _one, ways in found) < 400
    for one, ways in found:
        made = [way() for way in ways]
        assert any((fleet, member) != (TEN, COMPUTE) or fleet._by_profile != TEN._by_profile for fleet, member in made), one
    assert enc(TEN, COMPUTE) == before


def test_every_type_of_setting_has_another_value_that_can_be_read() -> None:
    for known in SETTINGS.values():
        for text in TYPES[known.type].examples:
            value = read(known, text)
            assert others(known, value) and value not in others(known, value), known.name
            assert read(known, text_of(known, value)) == value
