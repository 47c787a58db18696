"""Who may stream beside whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oci.domain.activity.capacity import Limits, Stream, place_of, refusal, turn
from oci.domain.hardware import Inventory
from oci.domain.hardware.inventory import Neighbour, Nic

STREAMS = st.builds(Stream, st.sampled_from(("", "tor1", "tor2")), st.sampled_from(("http://a", "http://b")))
LIMITS = st.builds(Limits, st.integers(0, 4), st.integers(0, 3), st.integers(0, 3))


def let_in(orders: list[Stream], limits: Limits) -> dict[Stream, int]:
    running: dict[Stream, int] = {}
    for stream in orders:
        if not refusal(stream, running, limits):
            running[stream] = running.get(stream, 0) + 1
    return running


@given(st.lists(STREAMS, max_size=30), LIMITS)
def test_no_limit_is_ever_exceeded(orders, limits) -> None:
    running = let_in(orders, limits)
    assert not limits.total or sum(running.values()) <= limits.total
    for which in ("tor1", "tor2"):
        assert not limits.place or sum(n for s, n in running.items() if s.place == which) <= limits.place
    for which in ("http://a", "http://b"):
        assert not limits.server or sum(n for s, n in running.items() if s.server == which) <= limits.server


@given(st.lists(STREAMS, max_size=20), st.lists(STREAMS, min_size=1, max_size=10), LIMITS)
def test_whoever_asks_first_goes_first_and_some_turn_has_come_where_there_is_room(orders, waiting, limits) -> None:
    running = let_in(orders, limits)
    turns = [not turn(stream, waiting[:n], running, limits) for n, stream in enumerate(waiting)]
    roomy = [not refusal(stream, running, limits) for stream in waiting]
    assert turns[0] == roomy[0] and any(turns) == any(roomy)
    assert turns.index(True) == roomy.index(True) if any(roomy) else True


def test_a_full_place_does_not_stop_the_others() -> None:
    limits, running = Limits(10, 1, 10), {Stream("tor1", "http://a"): 1}
    assert "behind tor1" in refusal(Stream("tor1", "http://a"), running, limits)
    assert turn(Stream("tor2", "http://a"), [Stream("tor1", "http://a")] * 5, running, limits) == ""
    assert turn(Stream("", "http://a"), [], running, limits) == "", "where the place is not known it has no limit"


def test_every_refusal_names_its_setting() -> None:
    stream = Stream("tor1", "http://a")
    for limits in (Limits(1, 0, 0), Limits(0, 1, 0), Limits(0, 0, 1)):
        assert "setting installs_" in refusal(stream, {stream: 1}, limits)
    assert refusal(stream, {stream: 10**6}, Limits(0, 0, 0)) == ""


def test_the_place_is_the_switch_of_the_card_that_boots() -> None:
    inventory = Inventory(
        nics=(
            Nic(mac="aa", neighbour=Neighbour(chassis="tor1")),
            Nic(mac="bb", neighbour=Neighbour(chassis_id="c2")),
            Nic(mac="cc"),
        )
    )
    assert [place_of(inventory, mac) for mac in ("aa", "bb", "cc", "dd", "")] == ["tor1", "c2", "", "", ""]
