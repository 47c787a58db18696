"""Everything that can be killed during an install is killed once, while another machine is being installed beside it."""

from __future__ import annotations

import threading
import time

from lab.ground.process import wait_until
from lab.vms.plan import Plan
from lab.vms.story import Story
from oci.domain.path.phases import PHASES

ATTEMPTS = 5  # for both machines: the victim needs three
PHASE_SECONDS = 1800


class Cuts(threading.Thread):
    """Kills the machine of `plan` and the parts of the appliance, each in a phase of its own.

    It waits for each phase; what it waited for in vain is raised by `end`.
    """

    def __init__(self, story: Story, plan: Plan) -> None:
        super().__init__(daemon=True)
        self.story, self.plan = story, plan
        self.done: list[str] = []
        self._served = threading.Event()
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Do them all; an error is kept for `end`."""
        try:
            self._cut()
        except BaseException as failed:
            self.failed = failed

    def wait_served(self) -> None:
        """Wait until the appliance's servers are not killed any more. A machine that starts anew without them boots what its
        firmware finds, and it is twenty minutes until the appliance takes it for lost."""
        while not self._served.wait(1) and self.is_alive():
            continue

    def end(self) -> None:
        """Wait for the last of them. Raises what went wrong, TimeoutError when it does not end."""
        self.join(PHASE_SECONDS)
        if self.failed:
            raise self.failed
        if self.is_alive():
            raise TimeoutError(f"waited {PHASE_SECONDS} s for what comes after: {', '.join(self.done) or 'nothing'}")

    def _cut(self) -> None:
        machine, appliance = self.story.machines[self.plan.name], self.story.appliance
        self._at("partition", 1)
        machine.kill()
        self._say("power cut while partitioning")

        self._at("stream", 2, 10)
        for name in ("machines", "worker"):
            appliance.processes[name].kill()
        self._say("web process and worker killed during the stream")
        time.sleep(3)
        for name in ("machines", "worker"):
            appliance.restart(name)

        self._at("stream", 2, 25)
        appliance.processes["nginx"].stop()
        self._say("nginx stopped for 30 s; the stream is cut in the middle")
        time.sleep(30)
        appliance.restart("nginx")
        self._served.set()

        self._at("stream", 2, 50)
        machine.kill()
        self._say("power cut while streaming")

        self._at("firstboot", 3)
        machine.kill()
        self._say("power cut at first boot")

    def _say(self, what: str) -> None:
        self.done.append(what)
        self.story.say(f"{self.plan.name}: {what}")

    def _at(self, phase: str, attempt: int, percent: int = 0) -> None:
        """Wait until the machine is in `phase` of `attempt`, at least `percent` through, or later: what was buffered on
        the way can bring it further between two looks."""
        order = ["", *PHASES]

        def there() -> bool:
            machine = Story.show(self.story, self.plan.mac)  # not what looks at all processes each time
            assert machine["state"] in ("installing", "configuring"), (machine["state"], machine["reason"])
            now = machine["progress"]
            at = now["attempt"], order.index(now["phase"]), now["phase_percent"]
            return at >= (attempt, order.index(phase), percent)

        log = self.story.machines[self.plan.name].serial_log
        wait_until(f"phase {phase} of attempt {attempt}", there, PHASE_SECONDS, log, every=0.2)
