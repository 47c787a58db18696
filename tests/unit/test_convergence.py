"""Which Puppet runs count as converged: reports as puppet/site/oci's processor sends them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.path.convergence import CONVERGENCE, outcome

# As a real agent 8.10 reports: what was run -> the members that matter, and what it means.
RUNS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "changed": (dict(status="changed", noop=False, cached_catalog_status="not_used"), "changed", True),
    "nothing to do": (dict(status="unchanged", noop=False, cached_catalog_status="not_used"), "ok", True),
    "a broken class, with the daemon's default": (
        dict(status="unchanged", noop=False, cached_catalog_status="on_failure", transaction_completed=True),
        "cached",
        False,
    ),
    "a changed old catalogue": (dict(status="changed", noop=False, cached_catalog_status="on_failure"), "cached", False),
    "use_cached_catalog": (
        dict(status="unchanged", noop=False, cached_catalog_status="explicitly_requested"),
        "cached",
        False,
    ),
    "no catalogue at all": (
        dict(status="failed", noop=False, cached_catalog_status="not_used", transaction_completed=False),
        "failed",
        False,
    ),
    "cut off": (
        dict(status="unchanged", noop=False, cached_catalog_status="not_used", transaction_completed=False),
        "failed",
        False,
    ),
    "a dry run": (dict(status="unchanged", noop=True, cached_catalog_status="not_used"), "noop", False),
    "a dry run that fails": (dict(status="failed", noop=True, cached_catalog_status="not_used"), "noop", False),
    "a dry run of an old catalogue": (
        dict(status="unchanged", noop=True, cached_catalog_status="on_failure"),
        "noop",
        False,
    ),
    "a failed resource": (
        dict(
            status="failed",
            noop=False,
            cached_catalog_status="not_used",
            failed_resources=[{"resource": "File[/x]", "messages": ["no\nspace"]}],
        ),
        "failed",
        False,
    ),
}


@pytest.mark.parametrize("run", RUNS)
def test_a_run_is_called_what_it_was(run: str) -> None:
    report, name, good = RUNS[run]
    found = outcome(report)
    assert found is not None and (found.name, found.good) == (name, good)
    assert found.counts == (name != "noop") and (not found.counts or name in CONVERGENCE)


def test_a_failure_names_the_resource_and_what_it_said() -> None:
    found = outcome(RUNS["a failed resource"][0])
    assert found is not None and found.words == "failed: File[/x] (no space)"
    said = [{"level": "warning", "message": "w"}, {"level": "err", "message": "500 on SERVER"}]
    without = outcome({"status": "failed", "logs": said})
    assert without is not None and "500 on SERVER" in without.words


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
ANYTHING = st.recursive(
    LEAVES, lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(max_size=12), x, max_size=4), max_leaves=12
)
MEMBERS = ("noop", "cached_catalog_status", "transaction_completed", "failed_resources", "logs")


@given(
    status=st.sampled_from(("changed", "unchanged", "failed", "x")),
    more=st.fixed_dictionaries({}, optional=dict.fromkeys(MEMBERS, ANYTHING)),
)
def test_only_todays_catalogue_applied_is_good_whatever_else_is_said(status: str, more: dict[str, Any]) -> None:
    found = outcome({"status": status, **more})
    if found is not None and found.good:
        assert status in ("changed", "unchanged") and not more.get("noop")
        assert more.get("cached_catalog_status") in (None, "", "not_used", False, 0, [], {})
