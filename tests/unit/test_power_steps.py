"""What to do next about a power verb, against controllers of every kind."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.machines.power import STAGES, TIMES, Progress, decide, inherit, supersedes

PATIENCE = 150.0


@dataclass
class Controller:
    """It shows what it was told `late` seconds later; of `faults` each order in turn is 'heard', or 'lost'."""

    late: float
    was: str
    faults: list[str] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)

    def shown(self, now: float) -> str:
        return ([state for at, state in self.told if at + self.late <= now] or [self.was])[-1]

    def order(self, now: float, wanted: str) -> None:
        if not self.faults or self.faults.pop(0) == "heard":
            self.told.append((now, wanted))


def follow(
    bmc: Controller, verb: str, progress: Progress, now: float, until: float, sure: list[bool]
) -> tuple[Progress, str, float]:
    """Carry a verb on until it ends or `until` comes, looking every 5 seconds. `sure`: whether orders were answered."""
    while now < until:
        step = decide(verb, progress, bmc.shown(now), now, PATIENCE)
        progress = step.progress
        if step.do in ("done", "give up"):
            return progress, step.do, now
        if step.do == "order":
            before = len(bmc.told)
            bmc.order(now, step.wanted)
            answered = len(bmc.told) > before and (sure.pop(0) if sure else True)
            progress = Progress.from_dict({**progress.to_dict(), "sure": answered})
        now += 5
    return progress, "interrupted", now


VERBS = st.sampled_from(sorted(set(STAGES) - {"ensure"}))


@settings(max_examples=1500)
@given(
    late=st.sampled_from([0.0, 4.0, 40.0, 145.0]),
    was=st.sampled_from(["on", "off"]),
    faults=st.lists(st.sampled_from(["heard", "heard", "lost"]), max_size=6),
    sure=st.lists(st.booleans(), max_size=6),
    orders=st.lists(st.tuples(VERBS, st.sampled_from([0.0, 5.0, 20.0, 60.0, 300.0])), min_size=1, max_size=4),
)
def test_the_last_verb_wins_and_nothing_undoes_it(late, was, faults, sure, orders) -> None:
    bmc, now, left, before, ended, heard = Controller(late, was, list(faults)), 0.0, Progress(), "", "", 0
    for number, (verb, pause) in enumerate(orders):
        heard = len(bmc.told)
        interrupted = ended == "interrupted"
        progress = inherit(verb, left, interrupted and before == verb) if left.ordered or interrupted else left
        until = now + pause if number + 1 < len(orders) else now + 5000
        left, ended, now = follow(bmc, verb, progress if number else Progress(), now, until, sure)
        before = verb
        if ended == "done":
            left = Progress()
    last = orders[-1][0]
    assert ended == "done", "every order was heard in the end, so none is given up"
    assert bmc.shown(now + 1000) == STAGES[last][-1]
    after = [state for _, state in bmc.told[heard:]]
    assert set(after) <= set(STAGES[last])
    turns = [state for n, state in enumerate(after) if not n or after[n - 1] != state]
    assert turns in ([], ["off"], ["on"], ["off", "on"]), "on is never undone"


@given(verb=VERBS, late=st.sampled_from([1e9]), was=st.sampled_from(["on", "off"]))
def test_a_controller_that_does_nothing_is_given_up(verb, late, was) -> None:
    bmc = Controller(late, was)
    _, ended, _ = follow(bmc, verb, Progress(), 0.0, 10_000, [])
    wanted = next((state for state in STAGES[verb] if state != was), "")
    assert (ended, [s for _, s in bmc.told]) == (("give up", [wanted] * TIMES) if STAGES[verb] != (was,) else ("done", []))


def test_only_keeping_a_machine_on_replaces_nothing() -> None:
    assert {verb for verb in STAGES if not supersedes(verb)} == {"ensure"} and not supersedes("status")


def test_progress_is_read_back_whatever_else_is_kept_with_it() -> None:
    kept = Progress(1, "on", 7.0, True, 2, False, "10.0.0.1:623")
    assert Progress.from_dict({**kept.to_dict(), "waits": True, "replaced": True}) == kept
