"""Power by IPMI, with ipmitool. A verb has worked when the power state that was read back says so."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from oci.adapters.power.ipmi_answers import (
    WAYS,
    BadCredentials,
    BadLevel,
    Outcome,
    Refused,
    Unreachable,
    Unseen,
    Way,
    explained,
    place_of,
)
from oci.domain.quantities import span
from oci.ports import BmcAccess, PowerError

__all__ = ["BadCredentials", "BadLevel", "Ipmi", "Refused", "Unreachable", "Unseen"]

_DEVICES = ("pxe", "disk")
_STATE = re.compile(r"^Chassis Power is (on|off)\s*$", re.MULTILINE)
PATIENCE = 4
"""How many times `settle_seconds` one verb waits for a controller that answers and is late."""


class Ipmi:
    """Fulfils oci.ports.Power for controllers that speak IPMI 2.0.

    `runtime_dir`/bmc is made private (0700) and holds the password while ipmitool runs. `call_seconds`
    bounds one ipmitool, `settle_seconds` is how soon a new power state is seen as a rule; a verb looks PATIENCE
    times as long before it says that nothing is seen yet. Something that nobody answered is tried `attempts` times,
    after 1, 2, 4 ... times `pause` s, as long as `ask_seconds` are not over.
    """

    def __init__(
        self,
        runtime_dir: Path,
        *,
        binary: str = "ipmitool",
        call_seconds: float = 15.0,
        ask_seconds: float = 40.0,
        settle_seconds: float = 10.0,
        attempts: int = 3,
        pause: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.runtime_dir, self.binary, self.call_seconds = Path(runtime_dir, "bmc"), binary, call_seconds
        self.settle_seconds, self.attempts, self.pause, self.sleep = settle_seconds, attempts, pause, sleep
        self.ask_seconds = ask_seconds
        self._ways: dict[tuple[str, int, str], Way] = {}

    @property
    def longest_seconds(self) -> float:
        """What the slowest verb may take: a look, the order, and the looks that follow, one of them begun at the end."""
        return 2 * self.ask_seconds + PATIENCE * self.settle_seconds + self.call_seconds

    # -- verbs

    def status(self, bmc: BmcAccess) -> str:
        """'on' or 'off'. Raises PowerError."""
        outcome = self._ask(bmc, "the power state was not read", "chassis", "power", "status")
        found = _STATE.search(outcome.out)
        if not found:
            raise Refused(
                f"the power state of {bmc.address} was not read",
                f"the answer was {outcome.out.strip()[:200]!r}",
                "Update the controller's firmware, or switch the machine by hand",
            )
        return found.group(1)

    def on(self, bmc: BmcAccess) -> None:
        """Switch on; nothing happens when it is on. Raises PowerError."""
        self._until(bmc, "on", "chassis", "power", "on")

    def off(self, bmc: BmcAccess) -> None:
        """Switch off at once; nothing happens when it is off. Raises PowerError."""
        self._until(bmc, "off", "chassis", "power", "off")

    def cycle(self, bmc: BmcAccess) -> None:
        """Off and on again; on when it was off. Raises PowerError.

        Two verbs, each read back: IPMI's own `cycle` gives nothing to read back, and some controllers
        lose its second half.
        """
        self.off(bmc)
        self.on(bmc)

    def reset(self, bmc: BmcAccess) -> None:
        """Press the reset button; on when it was off. Raises PowerError."""
        if self.status(bmc) == "off":
            return self.on(bmc)
        self._ask(bmc, "the machine was not reset", "chassis", "power", "reset")
        return self._settle(bmc, "on")

    def boot_device(self, bmc: BmcAccess, device: str, firmware: str = "") -> None:
        """Let the machine boot 'pxe' or 'disk' at its next start. Raises PowerError.

        `firmware` is how it boots: 'efi', 'bios', or '' when that is not known. Without `options=efiboot` the order
        means "PC compatible (legacy) boot" (IPMI 2.0, table 28-14), which UEFI machines ignore or obey. So the legacy
        boot is ordered only of those that are known to want it, and where a controller does not take the option.
        """
        if device not in _DEVICES:
            raise Refused(
                f"{bmc.address} was not told to boot {device!r}",
                "there is no such device here",
                f"Say one of {', '.join(_DEVICES)}",
            )
        what, words = f"{device} was not made the boot device", ("chassis", "bootdev", device)
        if firmware == "bios":
            self._ask(bmc, what, *words)
            return
        try:
            self._ask(bmc, what, *words, "options=efiboot")
        except Refused:
            self._ask(bmc, what, *words)

    # -- by effect

    def _until(self, bmc: BmcAccess, wanted: str, *words: str) -> None:
        if self.status(bmc) == wanted:
            return
        self._ask(bmc, f"the power was not switched {wanted}", *words)
        self._settle(bmc, wanted)

    def _settle(self, bmc: BmcAccess, wanted: str) -> None:
        """Look until the state is seen. Who took an order may be silent for a while, or be busy with it."""
        seconds = self.settle_seconds * PATIENCE
        end = time.monotonic() + seconds
        wait = 0.2
        while self._glance(bmc) != wanted:
            if time.monotonic() >= end:
                raise Unseen(
                    f"{bmc.address} did not switch {wanted}",
                    f"it took the order, and was not {wanted} after {span(int(seconds))}",
                    "Look at the machine's own event log, or switch it by hand",
                )
            self.sleep(wait)
            wait = min(wait * 2, 2.0)

    def _glance(self, bmc: BmcAccess) -> str:
        """The state as one conversation tells it; blank when there was none."""
        way = self._ways.get(place_of(bmc), WAYS[0])
        found = _STATE.search(self._run(bmc, "the power state was not read", way, ("chassis", "power", "status")).out)
        return found.group(1) if found else ""

    # -- one conversation

    def _ask(self, bmc: BmcAccess, what: str, *words: str) -> Outcome:
        """Run one ipmitool verb until it is answered. `what` begins the message of a PowerError."""
        what = f"{bmc.address}: {what}"
        outcome = Outcome(1, "", "")
        end = time.monotonic() + self.ask_seconds
        for attempt in range(self.attempts):
            if attempt:
                self.sleep(self.pause * 2 ** (attempt - 1))
            if attempt and time.monotonic() + self.call_seconds > end:
                break
            outcome = self._negotiate(bmc, what, words, end)
            if outcome.meaning == "ok":
                return outcome
            if outcome.meaning not in ("silence", "deaf"):
                break
        raise explained(bmc, what, outcome)

    def _negotiate(self, bmc: BmcAccess, what: str, words: tuple[str, ...], end: float) -> Outcome:
        """In the way that worked last, else with the next suite or the next level, as the controller refuses one.

        The newest controllers no longer know suite 3, and a user of its own for this work is often an OPERATOR.
        """
        place, outcome, refused = place_of(bmc), Outcome(1, "", ""), set[str]()
        known = self._ways.get(place)
        for way in sorted(WAYS, key=lambda one: one != known):
            if {way.suite, way.level} & refused or (refused and time.monotonic() + self.call_seconds > end):
                continue
            outcome = self._run(bmc, what, way, words)
            if outcome.meaning == "ok":
                self._ways[place] = way
            if outcome.meaning not in ("suite", "level"):
                break
            refused.add(way.suite if outcome.meaning == "suite" else way.level)
        return outcome

    def _run(self, bmc: BmcAccess, what: str, way: Way, words: tuple[str, ...]) -> Outcome:
        with self._password(bmc) as path:
            argv = [
                self.binary,
                "-I",
                "lanplus",
                "-C",
                way.suite,
                "-L",
                way.level,
                "-H",
                bmc.address,
                "-p",
                str(bmc.port),
                "-U",
                bmc.username,
                "-f",
                str(path),
                "-v",
                "-N",
                "1",
                "-R",
                "3",
                *words,
            ]
            try:
                done = subprocess.run(
                    argv,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=self.call_seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return Outcome(124, "", f"timeout after {span(self.call_seconds)}")
            except OSError as error:
                why = f"{self.binary} cannot be started: {error.strerror}"
                raise PowerError(what, why, "Install ipmitool") from None
        return Outcome(done.returncode, done.stdout, done.stderr)

    @contextlib.contextmanager
    def _password(self, bmc: BmcAccess) -> Iterator[Path]:
        """A file with the password that only we can read, for as long as it is needed."""
        self.runtime_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix="bmc-", dir=self.runtime_dir)  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(bmc.password)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)
