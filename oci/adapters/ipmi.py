"""Power by IPMI, with ipmitool. A verb has worked when the power state that was read back says so."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from oci.ports import BmcAccess, PowerError


class Unreachable(PowerError):
    """Nothing answers at the controller's address."""


class BadCredentials(PowerError):
    """The controller answers, but not to this user and password."""


class Refused(PowerError):
    """The controller understood and did not want, or did not do it."""


_DEVICES = ("pxe", "disk")
_CIPHERS = ("3", "17")
_STATE = re.compile(r"^Chassis Power is (on|off)\s*$", re.MULTILINE)

# What ipmitool 1.8.19 -v writes to standard error, and what it means; the first that is found counts.
_MEANINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("suite", re.compile(r"is not what we requested|no matching cipher suite|no cipher suite|"
                         r"invalid (?:authentication|integrity|confidentiality) algorithm", re.IGNORECASE)),
    # A controller that does not know the user says so, or says nothing from there on.
    ("credentials", re.compile(r"RAKP \d HMAC is invalid|unauthorized name|no response from RAKP|"
                               r"invalid role|unauthorized role", re.IGNORECASE)),
    ("silence", re.compile(r"Get Auth Capabilities error|Unable to establish|no response|timeout|timed out|"
                           r"Node busy|insufficient resources|Could not open socket|lookup failed",
                           re.IGNORECASE)),
)


@dataclass(frozen=True)
class _Outcome:
    status: int
    out: str
    err: str

    @property
    def meaning(self) -> str:
        """'ok', 'suite', 'credentials', 'silence' or 'refusal'."""
        if self.status == 0:
            return "ok"
        return next((name for name, pattern in _MEANINGS if pattern.search(self.err)), "refusal")

    def why(self) -> str:
        """The last line that ipmitool wrote."""
        lines = [line for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"ipmitool ended with {self.status}"


class Ipmi:
    """Fulfils oci.ports.Power for controllers that speak IPMI 2.0.

    `runtime_dir`/bmc is made private (0700) and holds the password while ipmitool runs. `call_seconds`
    bounds one ipmitool, `settle_seconds` the time in which the power must be seen to have changed,
    `attempts` how often something that nobody answered is tried, after 1, 2, 4 ... times `pause` s.
    """

    def __init__(
        self, runtime_dir: Path, *, binary: str = "ipmitool", call_seconds: float = 15.0,
        settle_seconds: float = 30.0, attempts: int = 3, pause: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.runtime_dir, self.binary, self.call_seconds = Path(runtime_dir, "bmc"), binary, call_seconds
        self.settle_seconds, self.attempts, self.pause, self.sleep = settle_seconds, attempts, pause, sleep
        self._suite: dict[tuple[str, int], str] = {}

    # -- verbs

    def status(self, bmc: BmcAccess) -> str:
        """'on' or 'off'. Raises PowerError."""
        outcome = self._ask(bmc, "the power state was not read", "chassis", "power", "status")
        found = _STATE.search(outcome.out)
        if not found:
            raise Refused(f"the power state of {bmc.address} was not read",
                          f"the answer was {outcome.out.strip()[:200]!r}",
                          "Update the controller's firmware, or switch the machine by hand")
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

    def boot_device(self, bmc: BmcAccess, device: str) -> None:
        """Let the machine boot 'pxe' or 'disk' at its next start. Raises PowerError."""
        if device not in _DEVICES:
            raise Refused(f"{bmc.address} was not told to boot {device!r}", "there is no such device here",
                          f"Say one of {', '.join(_DEVICES)}")
        self._ask(bmc, f"{device} was not made the boot device", "chassis", "bootdev", device)

    # -- by effect

    def _until(self, bmc: BmcAccess, wanted: str, *words: str) -> None:
        if self.status(bmc) == wanted:
            return
        self._ask(bmc, f"the power was not switched {wanted}", *words)
        self._settle(bmc, wanted)

    def _settle(self, bmc: BmcAccess, wanted: str) -> None:
        end = time.monotonic() + self.settle_seconds
        wait = 0.2
        while self.status(bmc) != wanted:
            if time.monotonic() >= end:
                raise Refused(f"{bmc.address} did not switch {wanted}",
                              f"it took the order, and was not {wanted} after {self.settle_seconds:.0f} s",
                              "Look at the machine's own event log, or switch it by hand")
            self.sleep(wait)
            wait = min(wait * 2, 2.0)

    # -- one conversation

    def _ask(self, bmc: BmcAccess, what: str, *words: str) -> _Outcome:
        """Run one ipmitool verb until it is answered. `what` begins the message of a PowerError."""
        what = f"{bmc.address}: {what}"
        outcome = _Outcome(1, "", "")
        for attempt in range(self.attempts):
            if attempt:
                self.sleep(self.pause * 2 ** (attempt - 1))
            outcome = self._negotiate(bmc, what, words)
            if outcome.meaning == "ok":
                return outcome
            if outcome.meaning in ("credentials", "suite"):
                raise BadCredentials(what, "the controller does not accept the user and password",
                                     "Correct the BMC's user and password, and allow cipher suite 3 or 17")
            if outcome.meaning == "refusal":
                raise Refused(what, outcome.why(), "See what the controller's own log says about it")
        raise Unreachable(what, f"nothing answers at {bmc.address} port {bmc.port} ({outcome.why()})",
                          "Check the BMC's address and its network, and that IPMI over LAN is switched on")

    def _negotiate(self, bmc: BmcAccess, what: str, words: tuple[str, ...]) -> _Outcome:
        """With the suite that worked last, else 3, else 17: the newest controllers no longer know 3."""
        place = (bmc.address, bmc.port)
        outcome = _Outcome(1, "", "")
        for suite in sorted(_CIPHERS, key=lambda one: one != self._suite.get(place, _CIPHERS[0])):
            outcome = self._run(bmc, what, suite, words)
            if outcome.meaning == "ok":
                self._suite[place] = suite
            if outcome.meaning != "suite":
                break
        return outcome

    def _run(self, bmc: BmcAccess, what: str, suite: str, words: tuple[str, ...]) -> _Outcome:
        with self._password(bmc) as path:
            argv = [self.binary, "-I", "lanplus", "-C", suite, "-H", bmc.address, "-p", str(bmc.port),
                    "-U", bmc.username, "-f", str(path), "-v", "-N", "1", "-R", "3", *words]
            try:
                done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      errors="replace", timeout=self.call_seconds, check=False)
            except subprocess.TimeoutExpired:
                return _Outcome(124, "", f"timeout after {self.call_seconds:.0f} s")
            except OSError as error:
                why = f"{self.binary} cannot be started: {error.strerror}"
                raise PowerError(what, why, "Install ipmitool") from None
        return _Outcome(done.returncode, done.stdout, done.stderr)

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
