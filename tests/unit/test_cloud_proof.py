"""The steps of a proof: their order, what follows from one that failed, their deadlines, and when a cloud is proved."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from oci.domain.cloud import guest, proof
from oci.domain.cloud.proof import BECAUSE, EACH, ENDED, FAILED, LEFT, MOST_AT_ONCE, OK, STEPS, WAITS, Result

NAMES = st.lists(st.integers(1, 999).map(lambda number: f"compute{number}"), min_size=1, max_size=30, unique=True)


@given(NAMES)
def test_waves_hold_every_compute_once_none_is_too_large_and_none_is_alone_without_need(names: list[str]) -> None:
    waves = proof.waves(names)
    assert [name for wave in waves for name in wave] == names
    sizes = {len(wave) for wave in waves}
    assert max(sizes) <= MOST_AT_ONCE and max(sizes) - min(sizes) <= 1
    assert len(waves) == -(-len(names) // MOST_AT_ONCE)


def test_a_step_needs_only_steps_before_it_and_no_cloud_step_waits_for_one_of_each_compute() -> None:
    seen: set[str] = set()
    for step in STEPS.values():
        assert set(step.needs) <= seen, step.name
        assert step.each or not any(STEPS[name].each for name in step.needs), step.name
        assert step.seconds >= 60 and step.why
        seen.add(step.name)


def play(computes: list[str], fails: dict[tuple[str, str], str]) -> tuple[list[Result], list[list[tuple[str, str]]]]:
    """A check in which every step ends at once: well, or as `fails` says. The results, and what was due in each round."""
    results, rounds = proof.plan(computes), []
    while not proof.is_over(results):
        keys = [result.key for result in proof.due(results)]
        assert keys, "it stands still"
        rounds.append(keys)
        for key in keys:
            number = next(i for i, result in enumerate(results) if result.key == key)
            if not results[number].ended:
                results[number] = proof.ended(proof.begun(results[number], 1), fails.get(key, OK), "seen", 3)
                results = proof.settle(results)
    return results, rounds


@given(NAMES)
def test_what_goes_well_is_done_once_each_wave_by_wave(names: list[str]) -> None:
    results, rounds = play(names, {})
    assert {result.state for result in results} == {OK} and proof.passed(results) and proof.percent(results) == 100
    told = [key for keys in rounds for key in keys]
    assert len(told) == len(set(told)) == len(results)
    assert told[-1] == ("removed", "") and told[0] == ("token", "")
    waves = proof.waves(names)
    for before, after in pairwise(waves):
        last = max(told.index(("away", name)) for name in before)
        assert all(told.index(("port", name)) > last for name in after), "its guests come when those before are gone"
    for wave in waves:
        booted = max(told.index(("ping", name)) for name in wave)
        assert all(told.index(("away", name)) > booted for name in wave), "who asks others must not lose them"


@given(NAMES, st.sampled_from(sorted(STEPS)), st.data())
def test_what_fails_leaves_out_what_needs_it_and_everything_is_removed_all_the_same(
    names: list[str], step: str, data: st.DataObject
) -> None:
    compute = data.draw(st.sampled_from(names)) if STEPS[step].each else ""
    results, _rounds = play(names, {(step, compute): FAILED})
    by = {result.key: result for result in results}
    assert by[step, compute].state == FAILED and not proof.passed(results)
    assert by["removed", ""].state in (OK, FAILED) and all(result.state in ENDED for result in results)
    for result in results:
        if result.state == LEFT:
            assert result.why == f"{BECAUSE}{STEPS[step].title.lower()}"
            assert not compute or result.compute == compute, "another compute has nothing to do with it"
    assert STEPS[step].title in proof.summary(results) and "seen" in proof.summary(results)


def test_a_step_that_does_not_end_fails_at_its_deadline_with_what_it_waited_for() -> None:
    begun = proof.begun(Result("token"), 100)
    assert proof.begun(begun, 500) == begun, "it began once"
    seconds = STEPS["token"].seconds
    assert proof.still(begun, "no answer", 100 + seconds).state == proof.RUNS
    late = proof.still(begun, "no answer", 100 + seconds + 1)
    assert late.state == FAILED and late.why == "not within 1 min 30 s: no answer" and late.seconds == seconds + 1


def test_a_proof_of_nothing_is_none() -> None:
    assert not proof.passed([Result("token", "", OK)]) and not proof.passed([])
    assert not proof.passed([Result("server", "a", LEFT)])
    left = [Result("server", "a", OK), Result("ping", "a", LEFT, "nobody could ask it")]
    assert proof.passed(left) and proof.summary(left) == "a server ran on 1 compute; not checked: It answers a ping (a)"


def test_what_is_stored_is_read_again_and_a_newer_member_is_left_out() -> None:
    results = proof.plan(["a"])
    assert proof.read([{**result.to_dict(), "colour": "red"} for result in results]) == results
    assert {result.state for result in results} == {WAITS} and len(results) == len(STEPS)
    assert len(proof.plan(["a", "b"])) == len(STEPS) + len(EACH)


SAID = """\
[    0.41] Run /init as init process
OCI-CHECK up
OCI-CHECK lease 192.0.2.11/24
[    9.1] clocksource: OCI-CHECK instance 4b3d-9
OCI-CHECK cannot ask for metadata
OCI-CHECK reached 192.0.2.1
OCI-CHECK reached 192.0.2.12
OCI-CHECK lea
"""


def test_what_a_guest_says_is_read_from_its_console() -> None:
    told = guest.read(SAID)
    assert (told.up, told.lease, told.instance) == (True, "192.0.2.11", "4b3d-9")
    assert told.reached == {"192.0.2.1", "192.0.2.12"} and told.cannot == "ask for metadata"
    assert guest.read("") == guest.read("login: ") == guest.Told()


@given(st.text())
def test_any_console_is_read(text: str) -> None:
    guest.read(text + "OCI-CHECK " + text)
