"""How answers look to people: columns, words for an empty list, units, tones. They go into the contract as x-members,
so that a command line that knows nothing of machines can show them well.

A template is text with `{member}`, `{member.deeper}` or `{member|show}`; a part in [brackets] is left out where one of
its members is empty. `show` is one of SHOWS. What a client does not know it leaves out; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

from oci.domain.machines.lifecycle import STATES

SHOWS = {
    "time": "seconds since the epoch, as date and time of day in the reader's zone",
    "ago": "seconds since the epoch, as how long ago",
    "GiB": "bytes of memory, in GiB",
    "GB": "bytes of disk, in GB or TB",
    "mark": "an arrow where it is true",
    "dash": "a dash where it is empty",
    "span": "seconds, as a length of time",
    "lines": "text of several lines, or several of one, as they are",
    "names": "several things, by their member `name`",
    "sentences": "several texts, with a semicolon between them",
    "dim": "less bright than the rest, where there are colours",
    "hidden": "left out for people: it is long",
}
TONES = {
    **{state.name: state.tone for state in STATES.values() if state.tone},
    "ok": "good",
    "done": "good",
    "checked": "good",
    "failed": "bad",
    "converged": "busy",
    "waiting": "waits",
    "stopped": "gone",
    "on": "good",
    "bad": "bad",
    "passed": "good",
    "runs": "busy",
    "waits": "waits",
    "left out": "waits",
    "in force": "good",
    "unused": "waits",
    "over": "gone",
    "running": "busy",
    "queued": "waits",
    "stale": "waits",
    "warn": "waits",
    "off": "gone",
}
"""Words that are coloured where there are colours; the word itself says it too."""


def column(member: str, title: str = "", **more: Any) -> dict[str, Any]:
    """One column: `show`, `cut` (it may be cut to fit), `last` (the higher, the earlier a narrow terminal goes without)."""
    return {"member": member, "title": title or member.upper().replace("_", " "), **more}


def listing(rows: str, empty: str, *columns: dict[str, Any], **more: Any) -> ConfigDict:
    """The look of an answer whose member `rows` is a list; `empty` is said when there is nothing in it.

    `names` is the member by which a thing of the list is named, `search` the query that narrows the list to a part of
    it, `below` a template under the table, `more` one for when `total` is more than the rows.
    """
    told = {"rows": rows, "empty": empty, **({"columns": list(columns)} if columns else {}), **more}
    return ConfigDict(json_schema_extra={f"x-{name}": value for name, value in told.items()})


def shown(how: str) -> dict[str, Any]:
    """The extra of a member that is shown in the manner `how` of SHOWS."""
    if how not in SHOWS:
        raise KeyError(how)
    return {"x-show": how}


def named(operation: str) -> dict[str, Any]:
    """The extra of a member that names a thing which `operation`, such as role.list, lists."""
    return {"x-of": operation}


def toned(values: Mapping[str, Any] | tuple[str, ...]) -> dict[str, Any]:
    """The extra of a member that is one of `values`: their tones."""
    return {"x-tones": {word: TONES[word] for word in values if word in TONES}}


TIME = shown("time")
SPAN = shown("span")
MACHINE = named("machine.list")

MACHINES = listing(
    "machines",
    "No machine is known. Power one on in the provisioning network, or `ocicli machine enrol MAC`.",
    column("id"),
    column("name"),
    column("state"),
    column("power"),
    column("presence", last=3),
    column("seen", show="ago", last=2),
    column("role", last=1),
    column("cluster", last=4),
    column("address"),
    column("model", cut=True, last=5),
    column("cores", last=7),
    column("memory_bytes", "MEMORY", show="GiB", last=6),
    column("disk_bytes", "DISKS", show="GB", last=6),
    more="{shown} of {total}; narrow with --search or --state, or give --limit and --offset",
    names="name",
    search="search",
)
EVENTS = listing(
    "events",
    "Nothing has happened yet.",
    column("at", "TIME", show="time"),
    column("machine", cut=True),
    column("kind", last=1),
    column("text", "WHAT", cut=True),
    column("actor", "BY", last=2),
)
JOBS = listing(
    "jobs",
    "There is no background work.",
    column("id"),
    column("kind"),
    column("state"),
    column("machine_id", "MACHINE"),
    column("created", show="time", last=4),
    column("attempts", "TRIES", last=3),
    column("order", cut=True, last=1),
    column("result", cut=True, last=2),
    column("error", cut=True),
)
CONFLICTS = listing(
    "conflicts",
    "Nothing is in doubt: it is sure which machine is which.",
    column("id"),
    column("kind"),
    column("seen", "ASKED", show="ago"),
    column("text", "WHAT", cut=True),
    column("outcome", "ANSWER", last=2),
    column("verbs", "CAN"),
    names="id",
)
DISKS = listing(
    "disks",
    "No disk is known. Disks are known once the machine has booted the live image.",
    column("chosen", " ", show="mark"),
    column("device", "DISK"),
    column("bytes", "SIZE", show="GB"),
    column("name"),
    column("model", cut=True, last=3),
    column("contents", "ON IT", cut=True, last=1),
    column("verdict"),
    column("reason", "BECAUSE", cut=True, last=2),
    below="{choice}",
)
RUNS = listing(
    "runs",
    "No Puppet run of it has been reported.",
    column("at", "ENDED", show="time"),
    column("status"),
    column("seconds", "TOOK", show="span", last=1),
    column("text", "WHAT", cut=True),
)
TOKENS = listing(
    "tokens",
    "You have no token. `ocicli token make NAME` makes one.",
    column("id"),
    column("name", cut=True),
    column("person"),
    column("expires", show="time"),
    names="id",
)
CLUSTERS = listing(
    "clusters",
    "No cluster exists. `ocicli cluster create NAME --domain DOMAIN --network NETWORK` makes one.",
    names="name",
)
SETTINGS = listing(
    "settings",
    "There are no settings.",
    column("name"),
    column("value", cut=True),
    column("origin", "FROM"),
    column("revision", last=4),
    column("by", last=5),
    column("at", "SET", show="ago", last=5),
    column("narrower", "ALSO SET FOR", cut=True, last=1),
    column("meaning", cut=True, last=2),
    column("when", "TAKES EFFECT", cut=True, last=3),
    names="name",
)
NETWORKS = listing(
    "networks",
    "No network exists. `ocicli network create NAME --cidr 10.0.0.0/24 --first ... --last ...` makes one.",
    column("name"),
    column("purpose"),
    column("cidr", "NETWORK"),
    column("vlan", "VLAN", last=3),
    column("cluster", last=2),
    column("gateway", last=1),
    column("used"),
    column("size"),
    names="name",
)
ADDRESSES = listing(
    "addresses",
    "None of its addresses is anybody's.",
    column("address"),
    column("holder", "WHOSE", cut=True),
    column("vip", "NAME", cut=True, last=1),
    names="address",
)
APPLIED = ConfigDict(
    json_schema_extra={
        "x-lines": "changes",
        "x-empty": "All was so already; nothing was changed.",
        "x-below": "[This is revision {revision} of {cluster}.]",
    }
)
REVERTED = ConfigDict(
    json_schema_extra={
        "x-lines": "changes",
        "x-empty": "All was so already; nothing was changed.",
        "x-below": "[This is revision {revision} of {cluster}. ]But {left|sentences}.",
    }
)
EXPLAINED = listing(
    "facts",
    "Nothing changes it.",
    column("kind", "MADE OF"),
    column("name"),
    column("value", "NOW", cut=True),
    column("origin", "FROM", cut=True),
    column("revision", last=2),
    column("by", last=3),
    column("at", "WHEN", show="time", last=4),
    below="{parameter} of {machine} is {value}[. It could not be without {needs|names}][. Its parts: {parts}]",
)
REVISIONS = listing(
    "revisions",
    "It has no revision yet. `ocicli cluster apply` makes the first one.",
    column("id"),
    column("at", "WHEN", show="time"),
    column("by"),
    column("changed", "CHANGES"),
    column("kind", last=3),
    column("back", "GOES BACK TO", show="dash", last=2),
    column("note", cut=True, last=1),
    below="[It was {since}.]",
    more="{shown} of {total}; give --limit, or --before with the lowest number of these",
    names="id",
)
HANDOVER = ConfigDict(json_schema_extra={"x-verbatim": "archive"})
DOCUMENT = ConfigDict(json_schema_extra={"x-verbatim": "document"})
# x-files: the members that are files, each with its name; a private one is for its owner alone.
CREDENTIALS = ConfigDict(
    json_schema_extra={
        "x-files": [
            {"member": "ca", "name": "ca.pem"},
            {"member": "clouds", "name": "clouds.yaml", "private": True},
        ]
    }
)
DEPLOYMENTS = listing(
    "deployments",
    "It was never deployed. `ocicli cluster deploy NAME` brings it up.",
    column("id"),
    column("state"),
    column("wave", last=2),
    column("waves", last=2),
    column("percent", "DONE"),
    column("since", "BEGAN", show="time"),
    column("ended", show="time", last=1),
    column("by", last=3),
    column("reason", "BECAUSE", cut=True),
    names="id",
)
DEPLOYMENT = listing(
    "steps",
    "It has no machines.",
    column("wave"),
    column("machine"),
    column("role", last=1),
    column("state"),
    column("reason", "BECAUSE", cut=True),
    column("doing", "NOW", cut=True, last=2),
    below="{cluster}: {state}, wave {wave} of {waves}, {percent} %[: {reason}]",
)
PLAN = listing(
    "steps",
    "Nothing is to be done: all is as it is declared.",
    column("wave"),
    column("machine"),
    column("role", last=2),
    column("kind"),
    column("why", "BECAUSE", cut=True),
    column("seconds", "TOOK BEFORE", show="span", last=1),
    below="{cluster}: {summary}[; the like took {seconds|span} before]. "
    "`ocicli cluster deploy {cluster} --plan {digest}` does exactly that",
)
MACHINE_DRIFT = listing(
    "differences",
    "Nothing differs.",
    column("resource", cut=True),
    column("property"),
    column("has", "IS", cut=True, last=2),
    column("should", "SHOULD BE", cut=True, last=2),
    column("first_seen", "SINCE", show="ago", last=1),
    column("accepted", show="dash", last=3),
    column("place", cut=True, last=4),
    below="{summary}",
)
CLUSTER_DRIFT = listing(
    "drift",
    "Nothing differs.",
    column("resource", cut=True),
    column("property"),
    column("count", "MACHINES"),
    column("machines", "ON", cut=True, last=2),
    column("has", "IS", cut=True, last=4),
    column("should", "SHOULD BE", cut=True, last=4),
    column("first_seen", "SINCE", show="ago", last=1),
    column("accepted", show="dash", last=3),
    below="{summary}",
)
CLOUD_CHECK = listing(
    "steps",
    "There are no steps.",
    column("title", "STEP", cut=True),
    column("compute", show="dash"),
    column("state"),
    column("seconds", show="span", last=1),
    column("why", "WHAT", cut=True),
    below="{state}[: {text}][: {doing}]",
)
CLOUD_CHECKS = listing(
    "checks",
    "The cloud was never checked. `ocicli cluster check NAME --wait` does.",
    column("id"),
    column("ordered", show="time"),
    column("by", last=2),
    column("state"),
    column("computes", cut=True, last=1),
    column("text", "WHAT", cut=True),
    names="id",
)
SECRETS = listing(
    "secrets",
    "No secret is made yet. They are made when Puppet asks for them for the first time.",
    column("name"),
    column("kind", cut=True),
    column("machine", show="dash", cut=True),
    column("made", show="ago"),
    column("until", "ENDS", show="time", last=1),
    names="name",
)
ROLES = listing("roles", "There are no roles.", names="name")
PEOPLE = listing("people", "There are no people.", names="name")
CHECKS = listing("checks", "There are no checks.")
WHY = ConfigDict(
    json_schema_extra={
        "x-text": "{text}[\nThe failure is {because.kind}: {because.meaning}.][\nIts line: {because.line}]"
        "[\nWhat can be done: {because.advice}][\nExplained in {because.page}]"
    }
)
PROGRESS = ConfigDict(
    json_schema_extra={
        "x-line": {"title": "{kind}", "text": "{percent} %, {title}, attempt {attempt}[: {doing}]", "unless": "outcome"}
    }
)
