"""How findings about the appliance itself are judged and told."""

from __future__ import annotations

import pytest

from oci.domain.activity import health as rules
from oci.domain.activity.health import CHECKS, Check
from oci.services.activity.health import LOOKS

DAY, NOW = 86400.0, 1_800_000_000.0


def test_every_check_is_looked_at() -> None:
    assert set(LOOKS) == set(CHECKS) - {"worker"}


@pytest.mark.parametrize(
    ("seen", "state", "says"),
    [
        (None, "bad", "has never been seen"),
        (NOW, "ok", "does its rounds"),
        (NOW - 50, "ok", "does its rounds"),
        (NOW - 61, "bad", "has not been seen for 1 min"),
        (NOW - 7300, "bad", "has not been seen for 2 h"),
    ],
)
def test_the_worker(seen: float | None, state: str, says: str) -> None:
    check = rules.worker(seen, NOW, 5)
    assert check.state == state and says in check.what and bool(check.instead) == (state == "bad")


def test_a_slow_tick_is_waited_for_longer() -> None:
    assert rules.worker(NOW - 300, NOW, 60).state == "ok" and rules.worker(NOW - 800, NOW, 60).state == "bad"


@pytest.mark.parametrize(("days", "state"), [(400, "ok"), (61, "ok"), (59, "warn"), (15, "warn"), (13, "bad"), (-1, "bad")])
def test_the_certificate_that_expires_first_counts(days: float, state: str) -> None:
    check = rules.certificates({"ca": NOW + 3000 * DAY, "server": NOW + days * DAY}, NOW)
    assert check.state == state and "server" in check.what
    assert ("has expired" in check.what) == (days < 0)


@pytest.mark.parametrize(("free", "state"), [(50 << 30, "ok"), (3 << 30, "warn"), (1 << 20, "bad")])
def test_room(free: int, state: str) -> None:
    assert rules.disk(free, 100 << 30).state == state


def test_tables_of_another_version() -> None:
    assert rules.database("0001", "0001").state == "ok"
    for revision, wanted in (("0001", "0002"), ("0002", "0001"), ("", "0001")):
        assert rules.database(revision, wanted).state == "bad"


def test_what_nobody_looked_at_for_a_while_is_told_as_such() -> None:
    good, bad = Check("disk", "ok", "50 GiB are free"), Check("dhcp", "bad", "nobody listens", "why", "do this")
    assert rules.stale(good, NOW - 60, NOW) == good
    assert rules.stale(good, NOW - 600, NOW).state == "warn" and "10 min" in rules.stale(good, NOW - 600, NOW).what
    assert rules.stale(bad, NOW - 600, NOW).state == "bad" and rules.stale(bad, NOW - 600, NOW).instead == "do this"


def test_whoever_is_not_well_says_what_to_do() -> None:
    worst = [
        rules.worker(None, NOW, 5),
        rules.database("", "1"),
        rules.certificates({"ca": NOW}, NOW),
        rules.disk(1, 2),
        rules.settings(["setting a: b"]),
    ]
    assert all(check.state == "bad" and check.why and check.instead for check in worst)
    assert rules.worst(worst) == "bad" and rules.worst([]) == "ok"
