"""The states of a machine, the verbs that move it, and nothing else.

One table, one function. The diagram in docs/reference/states.md and the list of
verbs on every page are derived from here.
"""

from __future__ import annotations

from dataclasses import dataclass

PEOPLE = frozenset({"assign", "unassign", "install", "adopt", "abort", "release", "retire", "restore"})
MACHINES = frozenset({"installed", "converged", "wiped", "error"})
CLOCK = frozenset({"overdue"})


@dataclass(frozen=True)
class State:
    """What one state means, and how it looks.

    A transient state must end by itself before a deadline: nothing may stand still for longer than the setting `still`
    says, and the machine may say nothing for as long as `silence` says. `boots_disk`: a network boot is answered with the
    machine's own disk. `shape`: it is never told by its colour alone. `tone`: a word of oci.schemas.looks, or none.
    `next`: the verb of people that is drawn as the next step.
    """

    name: str
    meaning: str
    shape: str
    tone: str = ""
    next: str = ""
    transient: bool = False
    boots_disk: bool = False
    still: str = ""
    silence: str = "silence_seconds"


DISCOVERED, ASSIGNED, INSTALLING, CONFIGURING = "discovered", "assigned", "installing", "configuring"
ACTIVE, FAILED, RELEASING, RETIRED = "active", "failed", "releasing", "retired"
STATES: dict[str, State] = {
    s.name: s
    for s in (
        State(DISCOVERED, "known by its report, promised to nobody", "○", next="assign"),
        State(
            ASSIGNED,
            "promised to a cluster with a role, a name and addresses; disk untouched",
            "◇",
            "waits",
            next="install",
        ),
        State(INSTALLING, "its disk is being written", "▶", "busy", transient=True, still="install_seconds"),
        State(
            CONFIGURING,
            "boots from its own disk and is being converged by Puppet",
            "▷",
            "busy",
            transient=True,
            boots_disk=True,
            still="configure_seconds",
            silence="firstboot_silence_seconds",
        ),
        State(ACTIVE, "installed and converged", "●", "good", boots_disk=True),
        State(FAILED, "the last attempt ended badly; the reason says why", "▲", "bad", next="install"),
        State(RELEASING, "its disks are being wiped", "◀", "busy", transient=True, still="install_seconds"),
        State(RETIRED, "kept in the records, never booted or installed", "□", "gone", next="restore", boots_disk=True),
    )
}
TRANSIENT = tuple(name for name, state in STATES.items() if state.transient)
"""The states of machines at work."""

TRANSITIONS: dict[str, dict[str, str]] = {
    "discovered": {"assign": "assigned", "retire": "retired"},
    "assigned": {
        "assign": "assigned",
        "unassign": "discovered",
        "install": "installing",
        "adopt": "configuring",
        "retire": "retired",
    },
    "installing": {"installed": "configuring", "error": "failed", "overdue": "failed", "abort": "assigned"},
    "configuring": {"converged": "active", "error": "failed", "overdue": "failed", "abort": "failed"},
    "active": {"converged": "active", "install": "installing", "release": "releasing"},
    "failed": {
        "install": "installing",
        "adopt": "configuring",
        "unassign": "discovered",
        "release": "releasing",
        "retire": "retired",
        "converged": "active",
    },
    "releasing": {"wiped": "discovered", "error": "failed", "overdue": "failed", "abort": "failed"},
    "retired": {"restore": "discovered"},
}


class Refused(Exception):
    """A verb that the machine's state does not allow; the text says what is possible."""


def possible(state: str, verbs: frozenset[str] = PEOPLE) -> list[str]:
    """The verbs of `verbs` that `state` accepts, in the table's order."""
    return [verb for verb in TRANSITIONS[state] if verb in verbs]


def step(state: str, verb: str) -> str:
    """The state after `verb`.

    Raises Refused when the state does not accept the verb, KeyError for an unknown state.
    """
    after = TRANSITIONS[state].get(verb)
    if after is None:
        can = ", ".join(possible(state)) or "nothing by hand"
        article = "an" if state[0] in "aeio" else "a"
        raise Refused(f"{article} {state} machine cannot {verb}; it can: {can}")
    return after


def transient(state: str) -> bool:
    """True for a state that must end by itself before its deadline."""
    return STATES[state].transient


def has_disk_to_boot(state: str) -> bool:
    """True where a network boot is answered with the machine's own disk."""
    return STATES[state].boots_disk
