"""Silence, standing still, and the power switch: nothing that works is interrupted, and nothing waits for ever."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_path import HASH, NOBODY, boot, csr, installing, report, test_from_boot_to_active, work_off

from oci.adapters.fake import BrokenPower, FakePower
from oci.app import APPLIANCE
from oci.db import tables
from oci.problems import Conflict, Gone
from oci.schemas.machines.machines import BmcIn
from oci.services.activity import tick
from oci.services.machines import look, verbs
from oci.services.path import puppet, reports, works

BMC = "10.78.0.1"
NAME = "compute1.lab.test"


def with_bmc(world) -> None:
    verbs.set_bmc(world.ctx(), "1", BmcIn(address=BMC, username="admin", password="sesame"))
    world.power.on_addresses.add(BMC)
    work_off(world)
    world.power.calls.clear()


def claimed(world) -> str:
    """A machine whose installer runs; its token."""
    token = installing(world)
    with_bmc(world)
    return works.claim(world.ctx(NOBODY), token, "install")["TOKEN"]


def configuring(world) -> str:
    """A machine whose Puppet runs for the first time; its token."""
    token = claimed(world)
    works.done(world.ctx(NOBODY), token)
    works.phase(world.ctx(NOBODY), token, "firstboot", 0, "")
    word = puppet.challenge(world.ctx(NOBODY), token)["CHALLENGE"]
    puppet.autosign(world.ctx(APPLIANCE), NAME, csr(NAME, word))
    puppet.asked(world.ctx(APPLIANCE), NAME)
    return token


def cuts(world) -> list[str]:
    return [verb for verb, _address in world.power.calls if verb == "off"]


def events(world, kind: str) -> list[str]:
    with world.appliance.make_session() as db:
        return [e.text for e in db.query(tables.Event).filter_by(kind=kind).order_by(tables.Event.id)]


def show(world):
    return look.show(world.ctx(), "1")


def pass_time(world, seconds: int, step: int, say=lambda _second: None) -> None:
    for second in range(step, seconds + 1, step):
        world.clock.now += step
        say(second)
        tick.machines(world.ctx(APPLIANCE))
        work_off(world)


def test_a_long_puppet_run_is_never_disturbed(world) -> None:
    token = configuring(world)
    pass_time(world, 1800, 10, lambda s: works.alive(world.ctx(NOBODY), token, f"resource {s // 300}"))
    assert cuts(world) == [] and show(world).state == "configuring"
    puppet.report(world.ctx(APPLIANCE), NAME, {"status": "changed"})
    assert show(world).state == "active"


def test_it_is_told_how_far_a_puppet_run_is(world) -> None:
    token = configuring(world)
    line = "Info: /Stage[main]/Nova::Db/Exec[sync]: Starting to evaluate the resource (%d of 1707)"
    for words, percent in ((line % 57, 3), ("Notice: it takes long", 3), (line % 1707, 100), (line % 18, 1)):
        works.alive(world.ctx(NOBODY), token, words)
        assert show(world).progress.phase_percent == percent, words


def test_a_machine_that_says_nothing_is_switched_off_and_on_at_the_limit(world) -> None:
    token = configuring(world)
    limit = world.appliance.config.firstboot_silence_seconds
    pass_time(world, limit - limit % 5, 5)
    assert cuts(world) == []
    pass_time(world, 10, 5)
    assert cuts(world) == ["off"]
    pass_time(world, 900, 5)  # its firmware may take that long, so it is not cut again
    assert cuts(world) == ["off"]
    works.alive(world.ctx(NOBODY), token, "starting")
    pass_time(world, limit + 10, 5)
    assert cuts(world) == ["off", "off"]


WORDS = {
    "phase": lambda world, token: works.phase(world.ctx(NOBODY), token, "puppet", 0, "it tries again"),
    "alive": lambda world, token: works.alive(world.ctx(NOBODY), token, "x"),
    "log": lambda world, token: works.log(world.ctx(NOBODY), token, "x\n"),
    "failed": lambda world, token: works.failed(world.ctx(NOBODY), token, "puppet", "no"),
    "ready": lambda world, token: puppet.challenge(world.ctx(NOBODY), token),
    "catalogue": lambda world, _token: puppet.asked(world.ctx(APPLIANCE), NAME),
    "failed report": lambda world, _token: puppet.report(world.ctx(APPLIANCE), NAME, {"status": "failed"}),
    "dry run": lambda world, _token: puppet.report(world.ctx(APPLIANCE), NAME, {"status": "unchanged", "noop": True}),
}


@pytest.mark.parametrize("word", WORDS)
def test_any_word_spares_the_power_even_after_the_switch_was_ordered(world, word) -> None:
    token = configuring(world)
    world.clock.now += world.appliance.config.firstboot_silence_seconds + 1
    tick.machines(world.ctx(APPLIANCE))  # orders the switch
    world.clock.now += 2
    WORDS[word](world, token)
    work_off(world)
    assert cuts(world) == [] and "heard of" in events(world, "power.spared")[0]
    pass_time(world, world.appliance.config.firstboot_silence_seconds - 20, 10)
    assert cuts(world) == []


def test_the_word_of_a_given_up_attempt_is_a_sign_of_life_too(world) -> None:
    token = claimed(world)
    config = world.appliance.config
    for seconds in (config.silence_seconds, config.first_sign_seconds):
        world.clock.now += seconds + 1
        tick.machines(world.ctx(APPLIANCE))
    with pytest.raises(Gone):
        works.phase(world.ctx(NOBODY), token, "stream", 5, "")
    assert show(world).seen == world.clock.now
    work_off(world)
    assert cuts(world) == []


def test_an_installer_that_could_not_be_reached_goes_on(world) -> None:
    token = claimed(world)
    world.clock.now += 100
    tick.machines(world.ctx(APPLIANCE))
    works.phase(world.ctx(NOBODY), token, "stream", 5, "")  # the same attempt
    work_off(world)
    assert cuts(world) == [] and show(world).progress.attempt == 1


def test_an_aborted_work_is_not_switched_off(world) -> None:
    claimed(world)
    world.clock.now += 100
    tick.machines(world.ctx(APPLIANCE))
    verbs.abort(world.ctx(), "1")
    work_off(world)
    assert cuts(world) == []


def test_a_late_network_boot_does_not_cut_an_installer_that_began_meanwhile(world) -> None:
    token = installing(world)
    world.clock.now += 60  # so that it is not believed to wait
    verbs.abort(world.ctx(), "1")
    with_bmc(world)
    verbs.install(world.ctx(), "1")
    again = boot(world)
    reports.receive(world.ctx(NOBODY), again, report(), HASH)
    works.claim(world.ctx(NOBODY), again, "install")
    work_off(world)  # the controller was slow; a person was faster
    assert cuts(world) == [] and token


def test_a_slow_firmware_is_waited_for(world) -> None:
    token = claimed(world)
    works.done(world.ctx(NOBODY), token)
    pass_time(world, 900, 10)
    assert cuts(world) == []


def test_nobody_is_silent_while_the_appliance_was_away(world) -> None:
    token = configuring(world)
    world.clock.now += 20 * 3600
    tick.woke(world.ctx(APPLIANCE))
    tick.machines(world.ctx(APPLIANCE))
    work_off(world)
    assert cuts(world) == [] and show(world).state == "configuring"
    works.alive(world.ctx(NOBODY), token, "still here")


# -- standing still


def test_a_wipe_may_take_as_long_as_it_moves(world) -> None:
    test_from_boot_to_active(world)
    with world.appliance.make_session() as db:
        db.get(tables.Machine, 1).disk_bytes = 12 * 16 * 10**12
        db.commit()
    verbs.release(world.ctx(), "1", NAME)
    token = boot(world)
    reports.receive(world.ctx(NOBODY), token, report(), HASH)
    with world.appliance.make_session() as db:
        db.get(tables.Machine, 1).disk_bytes = 12 * 16 * 10**12
        db.commit()
    orders = works.claim(world.ctx(NOBODY), token, "wipe")
    for percent in range(1, 101):  # 192 TB at 200 MB/s: a percent is 2.7 hours
        for _ in range(2):
            world.clock.now += 4800
            works.log(world.ctx(NOBODY), orders["TOKEN"], "")
            tick.machines(world.ctx(APPLIANCE))
        works.phase(world.ctx(NOBODY), orders["TOKEN"], "wipe", percent, "")
    works.wiped(world.ctx(NOBODY), orders["TOKEN"])
    assert show(world).state == "discovered"


def test_an_installer_that_beats_and_does_not_move_ends_at_its_deadline(world) -> None:
    token = claimed(world)
    works.phase(world.ctx(NOBODY), token, "bootloader", 0, "")
    said = world.appliance.config.install_seconds
    pass_time(world, said - 60, 30, lambda _s: works.alive(world.ctx(NOBODY), token, "grub-install"))
    assert show(world).state == "installing"
    with pytest.raises(Gone):
        pass_time(world, 180, 30, lambda _s: works.alive(world.ctx(NOBODY), token, "grub-install"))
    shown = show(world)
    assert shown.state == "failed" and "without progress" in shown.reason and "grub-install" in shown.reason


def test_other_words_move_the_deadline_and_the_page_says_it(world) -> None:
    token = claimed(world)
    works.phase(world.ctx(NOBODY), token, "filesystems", 0, "")
    world.clock.now += 1000
    works.alive(world.ctx(NOBODY), token, "mkfs: \x1b[31m 12\n of 40  ")
    shown = show(world)
    assert shown.progress.doing == "mkfs: [31m 12 of 40"
    assert shown.deadline == world.clock.now + world.appliance.config.install_seconds
    said = look.why(world.ctx(), "1").text
    assert "mkfs: [31m 12 of 40" in said and "1 h" in said


def test_nothing_moves_for_ever(world) -> None:
    token = claimed(world)
    with pytest.raises(Gone):
        pass_time(
            world,
            2 * world.appliance.config.longest_seconds,
            600,
            lambda s: works.alive(world.ctx(NOBODY), token, f"line {s}"),
        )
    assert show(world).state == "failed"


def test_a_puppet_that_fails_again_and_again_gains_no_time_by_trying(world) -> None:
    token = configuring(world)

    def attempt(_second: int) -> None:
        works.phase(world.ctx(NOBODY), token, "puppet", 0, "")
        puppet.asked(world.ctx(APPLIANCE), NAME)
        puppet.report(
            world.ctx(APPLIANCE),
            NAME,
            {
                "status": "failed",
                "failed_resources": [
                    {"resource": "Exec[apt can fetch its indexes]", "messages": ["change from 'notrun' failed: no mirror"]}
                ],
            },
        )

    attempt(0)
    assert "no mirror" in show(world).reason
    with pytest.raises(Gone):
        pass_time(world, world.appliance.config.configure_seconds + 900, 300, attempt)
    assert show(world).state == "failed" and "no mirror" in show(world).reason


# -- any interleaving

ROUND = st.tuples(
    st.sampled_from((5, 30, 89, 91, 419, 421, 1201)),
    st.booleans(),  # a silence, and whether it is looked at
    st.sampled_from((1, 20, 90)),
    st.sampled_from(("", "alive", "phase", "log", "failed", "catalogue", "failed report")),
    st.booleans(),
    st.booleans(),
)  # whether a worker comes, and whether the controller answers


def _empty(world) -> None:
    world.database.empty()
    world.outside(power=world.power)


def _say(world, token: str, word: str) -> None:
    with contextlib.suppress(Gone, Conflict):  # refused, but heard
        WORDS[word](world, token)


@given(rounds=st.lists(ROUND, min_size=1, max_size=8), first=st.booleans())
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_no_power_is_cut_under_a_machine_that_was_heard_of_within_the_limit(world, enough, rounds, first) -> None:
    if enough("silence"):
        return
    _empty(world)
    token = configuring(world) if first else claimed(world)
    config = world.appliance.config
    limit = config.firstboot_silence_seconds if first else config.silence_seconds
    heard = world.clock.now
    for silence, looks, pause, word, working, answers in rounds:
        world.clock.now += silence
        if looks:
            tick.machines(world.ctx(APPLIANCE))
        world.clock.now += pause
        if word and (first or word in ("alive", "phase", "log")):
            _say(world, token, word)
            heard = world.clock.now
        before = len(cuts(world))
        world.outside(power=world.power if answers else BrokenPower())
        if working:
            work_off(world)
        assert len(cuts(world)) == before or world.clock.now - heard > limit


def test_a_controller_that_takes_its_time_is_overtaken_by_the_machines_word(world) -> None:
    token = claimed(world)
    world.clock.now += 100
    tick.machines(world.ctx(APPLIANCE))

    class Slow(FakePower):
        def status(self, bmc) -> str:
            works.alive(world.ctx(NOBODY), token, "still at it")
            return "on"

    world.outside(power=Slow())
    world.power = world.appliance.outside.power
    work_off(world)
    assert cuts(world) == [] and events(world, "power.spared")
