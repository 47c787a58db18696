"""One real virtual machine, everything that can be killed killed in one install: it ends active by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from puppet_light import light

from lab.ground.process import wait_until
from lab.ground.site import unique_name
from lab.vms.plan import Plan
from lab.vms.story import INSTALL_SECONDS, Story

VICTIM = Plan("victim", "52:54:00:77:00:03", "bios", "network", "10.78.0.13", memory_mib=768)


def _at(story: Story, phase: str, attempt: int, percent: int = 0, deadline: float = 1200) -> None:
    """Wait until the machine is in `phase` of `attempt`, at least `percent` through."""

    def there() -> bool:
        machine = story.show(VICTIM.mac)
        assert machine["state"] in ("installing", "configuring"), (machine["state"], machine["reason"])
        now = machine["progress"]
        return (now["phase"], now["attempt"]) == (phase, attempt) and now["phase_percent"] >= percent

    wait_until(f"phase {phase} of attempt {attempt}", there, deadline, story.machines["victim"].serial_log, every=0.2)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A lab of its own with one machine of 768 MiB of memory, discovered and ordered to install."""
    story = Story(unique_name("cuts"), environment=light(tmp_path_factory.mktemp("environment") / "puppet", "."))
    try:
        story.up(settings={"attempts": 5})
        story.cluster()
        story.add(VICTIM)
        story.discover(VICTIM)
        story.assign(VICTIM)
        story.puppet_ready()
        story.install(VICTIM)
        yield story
    finally:
        story.down()


def test_a_machine_with_768_mib_of_memory_is_discovered(victim: Story) -> None:
    assert 500 << 20 < victim.show(VICTIM.mac)["memory_bytes"] <= 768 << 20


def test_everything_is_killed_once_and_the_machine_ends_active(victim: Story) -> None:
    machine, appliance = victim.machines["victim"], victim.appliance
    _at(victim, "partition", 1)
    machine.kill()
    victim.say("victim: power cut while partitioning")

    _at(victim, "stream", 2, 10)
    for name in ("machines", "worker"):
        appliance.processes[name].kill()
    victim.say("appliance: web process and worker killed during the stream")
    time.sleep(3)
    for name in ("machines", "worker"):
        appliance.restart(name)

    _at(victim, "stream", 2, 25)
    appliance.processes["nginx"].stop()
    victim.say("appliance: nginx stopped for 30 s; the stream is cut in the middle")
    time.sleep(30)
    appliance.restart("nginx")

    _at(victim, "stream", 2, 50)
    machine.kill()
    victim.say("victim: power cut while streaming")

    _at(victim, "firstboot", 3, deadline=1800)
    machine.kill()
    victim.say("victim: power cut at first boot")

    victim.follow(VICTIM, deadline=INSTALL_SECONDS)
    active = victim.show(VICTIM.mac)
    assert active["progress"]["attempt"] == 3
    lines = victim.timeline(VICTIM)
    retries = [line["text"] for line in lines if line["kind"] == "install.retry"]
    assert len(retries) == 2, retries
    ids = [line["id"] for line in lines]
    assert ids == sorted(set(ids))
    assert [line["kind"] for line in lines].count("install.claimed") == 3
