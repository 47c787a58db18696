"""Whoever is killed while a plan is carried out, and whenever: it ends the same, and what was approved is what happened."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cloudy import Behaviour, approve, cluster, orders, planned, turn
from sqlalchemy import event, select

from oci.app import APPLIANCE
from oci.db import tables
from oci.schemas.clusters.settings import SettingIn
from oci.services.clusters import settings
from oci.services.deploy import deployments

KILLS, SEEDS, ROUNDS = 20, 10, 400
VICTIMS = ("worker", "web", "machine", "puppet server")
LONGEST = 30
"""Statements after which at most somebody is killed."""


class Killed(BaseException):
    """The process is gone: nothing of it cleans up."""


@contextmanager
def death(world, statements: int) -> Iterator[None]:
    """Whoever works on the database within is killed at its statement of that number."""
    engine, left = world.appliance.make_session.kw["bind"], [statements]

    def count(*_told) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    except Killed:
        pass
    finally:
        event.remove(engine, "before_cursor_execute", count)


def round_of(world, names: list[str], victim: str, dice: random.Random) -> None:
    """A round of the appliance and of all machines, in which `victim` is killed ('': nobody)."""
    after = dice.randint(1, LONGEST)
    if victim == "worker":
        with death(world, after):
            deployments.advance(world.ctx(APPLIANCE))
    else:
        deployments.advance(world.ctx(APPLIANCE))
    unlucky = dice.choice(names)
    for name in names:
        if name != unlucky or victim in ("", "worker"):
            turn(world, name)
        elif victim == "web":
            with death(world, after):
                turn(world, name)
        elif victim == "puppet server":
            turn(world, name, Behaviour(status=22, report=False))
        # A machine that is killed says nothing, and starts again.
    world.clock.now += dice.choice((5, 15, 90))


def happened(world) -> list[tuple[str, str, int, str, str]]:
    with world.appliance.make_session() as db:
        query = select(tables.Machine.name, tables.Step).join(tables.Step, tables.Step.machine_id == tables.Machine.id)
        last = db.scalar(select(tables.Deployment.id).order_by(tables.Deployment.id.desc()).limit(1))
        rows = db.execute(query.where(tables.Step.deployment_id == last).order_by(tables.Step.id)).all()
        return [(name, step.kind, step.wave, step.wanted, step.state) for name, step in rows]


@pytest.mark.one_database
@pytest.mark.parametrize("seed", range(SEEDS))
def test_it_ends_the_same_and_line_by_line_as_it_was_approved(world, seed: int) -> None:
    dice = random.Random(seed)
    names = cluster(world, controller=3, compute=3)
    killed = number = 0
    while killed < KILLS:
        number += 1
        settings.set_setting(world.ctx(), "log_level", SettingIn(value=("info", "debug")[number % 2], cluster="c1"))
        killed += carried_out(world, names, dice)


def carried_out(world, names: list[str], dice: random.Random) -> int:
    """Carry out the plan as it is now, with somebody killed in most rounds; how many were."""
    approved = planned(world)
    begun = approve(world)
    assert [(step.machine, step.kind, step.wave) for step in begun.steps] == [
        (step.machine, step.kind, step.wave) for step in approved.steps
    ]
    lines, before = happened(world), {name: len(orders(world, name)) for name in names}
    victims: list[str] = []
    for _ in range(ROUNDS):
        victims.append(dice.choice(VICTIMS) if dice.random() < 0.7 else "")
        round_of(world, names, victims[-1], dice)
        now = deployments.list_deployments(world.ctx(), "c1").deployments[0]
        if now.state != "running":
            break
        if victims[-4:].count("puppet server") > 1:  # one that never comes back is another story
            round_of(world, names, "", dice)
    assert now.state == "done", (now.state, now.reason, victims)
    assert [line[:-1] for line in happened(world)] == [line[:-1] for line in lines], "what was approved"
    assert {line[-1] for line in happened(world)} == {"checked"}
    touched = {line[0] for line in lines}
    runs = {name: [kind for kind, _ in orders(world, name)[before[name] :] if kind == "run"] for name in names}
    assert all(runs[name] for name in touched) and not any(runs[name] for name in set(names) - touched)
    most = len(touched) + victims.count("puppet server")
    assert sum(map(len, runs.values())) <= most, "none runs twice but for a catalogue that did not come"
    assert planned(world).steps == []
    return len(victims) - victims.count("")
