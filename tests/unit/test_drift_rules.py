"""What a dry run's report is read as, what accepts what, and when a machine's moment is; whatever is in a report."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sources import ROOT

from oci.domain.deploy import drift
from oci.domain.deploy.drift import DIFFERS, MOST_DIFFERENCES, Acceptance, accepted_by, is_due, matches, read, slot

# What Puppet 8.10 of Debian 13 and our report processor told of a machine: tests/puppet/test_puppetserver.py.
REAL = json.loads((ROOT / "tests/puppet/noop_report.json").read_text())
PROCESSOR = (ROOT / "puppet/site/oci/lib/puppet/reports/oci.rb").read_text()
SECRET = "Sesame-4711"


def told(*differences: Any, **more: Any) -> dict[str, Any]:
    return {"status": "unchanged", "noop": True, "differences": list(differences), **more}


def one(property_: str = "mode", has: Any = "0666", should: Any = "0644") -> dict[str, Any]:
    return {"resource": "File[/etc/hosts]", "property": property_, "is": has, "should": should}


def test_a_real_report_is_read() -> None:
    found = read(REAL)
    assert (found.whole, found.more, found.trouble) == (True, 0, "")
    content, mode, gone = found.differences
    assert (content.resource, content.property, content.should) == ("File[/etc/chrony/chrony.conf]", "content", DIFFERS)
    assert content.has.startswith("{sha256}") and content.place.endswith("/clock.pp:3")
    assert (mode.resource, mode.property, mode.has, mode.should) == ("File[/etc/hosts]", "mode", "0666", "0644")
    assert (gone.resource, gone.has, gone.should) == ("File[/root/.ssh/authorized_keys]", "absent", "file")


@pytest.mark.parametrize("property_", ["value", "password", "password_hash", "content", "command", "data", "key"])
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"a": SECRET}, f"{{sha256}}{SECRET}", 4711, True])
def test_no_value_of_a_property_that_may_hold_a_secret_is_told(property_: str, value: Any) -> None:
    (found,) = read(told(one(property_, value, value))).differences
    assert (found.has, found.should) == (DIFFERS, DIFFERS)


@pytest.mark.parametrize("value", [SECRET * 10, "a\nb", ["0644"], {}, 1.5, 1 << 80, "[redacted]", "[old secret redacted]"])
def test_what_is_long_or_of_another_type_is_told_as_differing(value: Any) -> None:
    assert read(told(one(has=value))).differences[0].has == DIFFERS


def test_values_that_are_told() -> None:
    found = read(
        told(one("ensure", "absent", None), one("mode", "0600", "0644"), one("uid", 0, 1000), one("enable", False, True))
    )
    assert [(d.property, d.has, d.should) for d in found.differences] == [
        ("enable", "false", "true"),
        ("ensure", "absent", ""),
        ("mode", "0600", "0644"),
        ("uid", "0", "1000"),
    ]


def test_the_processor_tells_the_same_properties() -> None:
    listed = re.search(r"SHOWN = %w\[([a-z ]+)\]", PROCESSOR)
    assert listed and set(listed[1].split()) == drift.SHOWN
    for name, number in (("DIFFERENCES", drift.MOST_DIFFERENCES), ("VALUE_CHARS", drift.MOST_VALUE)):
        assert f"  {name} = {number}\n" in PROCESSOR


def test_of_too_many_the_same_are_kept_and_the_rest_is_counted() -> None:
    many = [{"resource": f"File[{n:04}]", "property": "mode"} for n in range(300)]
    there, back = read(told(*many)), read(told(*reversed(many)))
    assert there == back and (len(there.differences), there.more) == (MOST_DIFFERENCES, 100)
    assert read(told(*many, differing=5000)).more == 4800
    assert read(told(*many, differing=10**12)).more == 1_000_000


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"status": "failed"}, "failed"),
        ({"cached_catalog_status": "on_failure"}, "old catalogue"),
        ({"transaction_completed": False}, "did not end"),
        ({"status": "maybe"}, "no status"),
        ({"differences": 3}, "does not tell what differs"),
    ],
)
def test_a_run_that_did_not_compare_all_says_so(more: dict[str, Any], words: str) -> None:
    found = read({**told(one()), **more})
    assert not found.whole and words in found.trouble


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ENTRY = st.fixed_dictionaries({}, optional=dict.fromkeys(("resource", "property", "is", "should", "place"), ANY))
REPORT = st.fixed_dictionaries(
    {"differences": st.lists(ENTRY | ANY, max_size=8) | ANY},
    optional=dict.fromkeys(
        ("status", "noop", "differing", "transaction_completed", "cached_catalog_status", "failed_resources"), ANY
    ),
)


@given(REPORT | st.dictionaries(st.text(), ANY))
@example({"differences": [{"resource": "\ud800", "property": "\0"}], "status": "unchanged"})
@example(
    {"differences": [{"resource": "x" * 10**6, "property": "y" * 10**6, "place": "z" * 10**6}] * 5000, "status": "changed"}
)
def test_any_report_is_read_and_what_is_kept_is_bounded(report: dict[str, Any]) -> None:
    found = read(report)
    assert len(found.differences) <= MOST_DIFFERENCES and found.more >= 0 and len(found.trouble) <= 500
    keys = [(d.resource, d.property) for d in found.differences]
    assert keys == sorted(set(keys)) and all(resource and name for resource, name in keys)
    for d in found.differences:
        assert len(d.resource) <= 300 and len(d.place) <= 300 and max(len(d.property), len(d.has), len(d.should)) <= 100
        assert all(text.isprintable() for text in (d.resource, d.property, d.has, d.should, d.place))
    assert isinstance(drift.digest(keys), str) and isinstance(drift.words(keys), str)


# -- acceptances


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("File[/etc/motd]", "File[/etc/motd]", True),
        ("File[/etc/motd]", "File[/etc/motd.d]", False),
        ("File[/etc/nova/*", "File[/etc/nova/nova.conf]", True),
        ("*motd]", "File[/etc/motd]", True),
        ("*nova*", "Nova_config[DEFAULT/debug]", False),
        ("*ova*", "Nova_config[DEFAULT/debug]", True),
        ("*", "anything", True),
        ("**", "anything", True),
        ("File[.etc.motd]", "File[/etc/motd]", False),
    ],
)
def test_a_pattern(pattern: str, text: str, fits: bool) -> None:
    drift.check_pattern(pattern)
    assert matches(pattern, text) is fits


@pytest.mark.parametrize("pattern", ["", "a*b", "*a*b*", "***", "a\nb", "x" * 301])
def test_a_pattern_that_would_not_match_as_it_looks_is_refused(pattern: str) -> None:
    with pytest.raises(drift.BadPattern):
        drift.check_pattern(pattern)


@given(st.text("ab[/*]", max_size=8), st.text("ab[/]", max_size=8))
def test_a_pattern_means_what_its_stars_say(pattern: str, text: str) -> None:
    try:
        drift.check_pattern(pattern)
    except drift.BadPattern:
        return
    wanted = re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", pattern))), text, re.DOTALL)
    assert matches(pattern, text) is bool(wanted)


BASE = Acceptance("a", "File[x]", until=100.0)


@pytest.mark.parametrize(
    ("rule", "accepts"),
    [
        (BASE, True),
        (replace(BASE, until=50.0), False),
        (replace(BASE, property="mode"), True),
        (replace(BASE, property="owner"), False),
        (replace(BASE, role="compute"), True),
        (replace(BASE, role="network"), False),
        (replace(BASE, machine_id=7), True),
        (replace(BASE, machine_id=8), False),
        (replace(BASE, resource="File[y]"), False),
    ],
)
def test_what_accepts_what(rule: Acceptance, accepts: bool) -> None:
    assert accepted_by([rule], "File[x]", "mode", "compute", 7, 50.0) == ("a" if accepts else "")


def test_the_first_that_accepts_is_told() -> None:
    assert accepted_by([replace(BASE, until=1.0), replace(BASE, name="b")], "File[x]", "mode", "", 1, 50.0) == "b"


def test_a_set_is_another_by_its_members_and_by_nothing_else() -> None:
    a, b = ("File[a]", "mode"), ("File[b]", "mode")
    assert drift.digest([a, b]) == drift.digest([b, a, a]) != drift.digest([a]) and drift.digest([]) == ""
    assert drift.words([a]) == "1 difference: File[a] (mode)" and "and 6 more" in drift.words([a] * 10)


def test_how_an_acceptance_stands() -> None:
    assert [drift.standing(2.0, n, at) for n, at in ((1, 1.0), (0, 1.0), (1, 2.0))] == ["in force", "unused", "over"]


# -- when

HOURS = st.integers(1, 720)


@given(st.integers(10**9, 2**33), st.integers(1, 2**31 - 1), HOURS)
def test_a_machine_has_one_moment_in_each_span(now: int, machine_id: int, hours: int) -> None:
    last = slot(now, machine_id, hours)
    assert now - hours * 3600 < last <= now
    assert slot(last - 1, machine_id, hours) == last - hours * 3600
    assert slot(last + hours * 3600, machine_id, hours) == last + hours * 3600


@given(st.integers(10**9, 2**33), st.integers(1, 2**31 - 1), HOURS)
def test_a_look_is_due_once_in_each_span_and_never_with_none(now: int, machine_id: int, hours: int) -> None:
    assert is_due(now, machine_id, hours, now - 2.0 * hours * 3600)
    assert not is_due(now, machine_id, hours, float(now)) and not is_due(now, machine_id, hours, now - hours * 1800 + 1.0)
    assert not is_due(now, machine_id, 0, 0.0)


def test_a_thousand_machines_are_spread_over_the_day() -> None:
    hours = Counter(slot(10**9, number, 24) % 86400 // 3600 for number in range(1, 1001))
    assert len(hours) == 24 and max(hours.values()) <= 50 and min(hours.values()) >= 33
    minutes = Counter(slot(10**9, number, 24) // 60 for number in range(1, 1001))
    assert max(minutes.values()) <= 2
