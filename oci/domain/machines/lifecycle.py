"""The states of a machine, the verbs that move it, and nothing else.

One table, one function. The diagram in docs/reference/states.md and the list of
verbs on every page are derived from here.
"""

from __future__ import annotations

from dataclasses import dataclass

PEOPLE = frozenset({"assign", "unassign", "install", "abort", "release", "retire", "restore"})
MACHINES = frozenset({"installed", "converged", "wiped", "error"})
CLOCK = frozenset({"overdue"})


@dataclass(frozen=True)
class State:
    """What one state means. A transient state must end by itself before a deadline, which is a setting."""

    name: str
    meaning: str
    transient: bool = False


STATES: dict[str, State] = {
    s.name: s
    for s in (
        State("discovered", "known by its report, promised to nobody"),
        State("assigned", "promised to a cluster with a role, a name and addresses; disk untouched"),
        State("installing", "its disk is being written", transient=True),
        State("configuring", "boots from its own disk and is being converged by Puppet", transient=True),
        State("active", "installed and converged"),
        State("failed", "the last attempt ended badly; the reason says why"),
        State("releasing", "its disks are being wiped", transient=True),
        State("retired", "kept in the records, never booted or installed"),
    )
}

TRANSITIONS: dict[str, dict[str, str]] = {
    "discovered": {"assign": "assigned", "retire": "retired"},
    "assigned": {"assign": "assigned", "unassign": "discovered", "install": "installing", "retire": "retired"},
    "installing": {"installed": "configuring", "error": "failed", "overdue": "failed", "abort": "assigned"},
    "configuring": {"converged": "active", "error": "failed", "overdue": "failed", "abort": "failed"},
    "active": {"converged": "active", "install": "installing", "release": "releasing"},
    "failed": {
        "install": "installing",
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
    return state in ("configuring", "active", "retired")
