"""What ipmitool says and what it means, and in which ways a controller can be spoken to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oci.ports import BmcAccess, PowerError, PowerRefused, PowerUnseen


class Unreachable(PowerError):
    """Nothing answers at the controller's address."""


class BadCredentials(PowerError):
    """The controller answers, but not to this user and password."""


class BadLevel(BadCredentials):
    """The user and password are right, and the user may not switch power."""


class Refused(PowerRefused):
    """The controller understood and did not want, or did not do it."""


class Unseen(Refused, PowerUnseen):
    """The controller took the order, and nothing of it is seen yet."""


# Cipher suites of IPMI 2.0, table 22-20: 3 is what every controller had, 17 what the newest have; 8 and 12 are rare.
_CIPHERS = ("3", "17", "8", "12")
# Chassis Control wants OPERATOR (IPMI 2.0, appendix G); ADMINISTRATOR is what ipmitool asks for by itself.
_LEVELS = ("ADMINISTRATOR", "OPERATOR")

# What ipmitool 1.8.19 -v writes to standard error, and what it means; the first that is found counts.
_MEANINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "suite",
        re.compile(
            r"is not what we requested|no matching (?:cipher suite|\w+ (?:payload|algorithm))|no cipher suite|"
            r"invalid (?:authentication|integrity|confidentiality) algorithm",
            re.IGNORECASE,
        ),
    ),
    # Told at RAKP 2 by most, after the session is there by others, and by the verb itself by the rest. Without a
    # colon and the controller's word, "failed" means that nothing was heard.
    (
        "level",
        re.compile(
            r"unauthorized role|invalid role|privilege level requested|"
            r"Set Session Privilege Level to \w+ failed: |exceeds limit|"
            r"insufficient privilege",
            re.IGNORECASE,
        ),
    ),
    # A controller that does not know the user says so, or says nothing from there on.
    ("credentials", re.compile(r"RAKP \d HMAC is invalid|invalid integrity check value|unauthorized name", re.IGNORECASE)),
    ("deaf", re.compile(r"no response from RAKP", re.IGNORECASE)),
    (
        "silence",
        re.compile(
            r"Get Auth Capabilities error|Unable to establish|no response|timeout|timed out|"
            r"Node busy|insufficient resources|Could not open socket|lookup failed|"
            r"Close Session|Received an Unexpected",
            re.IGNORECASE,
        ),
    ),
)


# `chassis bootdev` ends with 0 although the controller refused the boot flags, which are parameter 5.
_REFUSED_ALL_THE_SAME = re.compile(r"Set Chassis Boot Parameter 5 failed", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """How one ipmitool ended."""

    status: int
    out: str
    err: str

    @property
    def meaning(self) -> str:
        """'ok', 'suite', 'level', 'credentials', 'deaf', 'silence' or 'refusal'."""
        if self.status == 0:
            return "refusal" if _REFUSED_ALL_THE_SAME.search(self.err) else "ok"
        return next((name for name, pattern in _MEANINGS if pattern.search(self.err)), "refusal")

    def why(self) -> str:
        """The last line that ipmitool wrote."""
        lines = [line for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"ipmitool ended with {self.status}"


@dataclass(frozen=True)
class Way:
    """How a controller is spoken to: its cipher suite, and the privilege level that the session asks for."""

    suite: str
    level: str


WAYS = tuple(Way(suite, level) for level in _LEVELS for suite in _CIPHERS)


def place_of(bmc: BmcAccess) -> tuple[str, int, str]:
    """What a way is remembered by: the level is the user's."""
    return bmc.address, bmc.port, bmc.username


def explained(bmc: BmcAccess, what: str, outcome: Outcome) -> PowerError:
    """The error that an outcome means."""
    if outcome.meaning == "suite":
        return BadCredentials(
            what,
            f"the controller takes none of the cipher suites {', '.join(_CIPHERS)}",
            "Allow cipher suite 17 or 3 in the controller's settings",
        )
    if outcome.meaning == "level":
        return BadLevel(
            what,
            f"the controller does not let {bmc.username} act as OPERATOR ({outcome.why()})",
            "Give this user the privilege level OPERATOR or ADMINISTRATOR on the controller's LAN channel",
        )
    if outcome.meaning == "deaf":
        return BadCredentials(
            what,
            "the controller answers, and falls silent when the user signs in: it does not "
            "accept the user and password, or packets are lost on the way to it",
            "Correct the BMC's user and password, and look at its network",
        )
    if outcome.meaning == "credentials":
        return BadCredentials(
            what,
            "the controller does not accept the user and password",
            "Correct the BMC's user and password, and allow IPMI over LAN for this user",
        )
    if outcome.meaning == "refusal":
        return Refused(what, outcome.why(), "See what the controller's own log says about it")
    return Unreachable(
        what,
        f"nothing answers at {bmc.address} port {bmc.port} ({outcome.why()})",
        "Check the BMC's address and its network, and that IPMI over LAN is switched on",
    )
