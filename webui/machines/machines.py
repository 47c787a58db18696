"""All machines: find, sort, see what each is doing; make one known before its first boot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from oci.domain.machines.lifecycle import STATES
from oci.schemas.activity.events import EventOut, EventQuery
from oci.schemas.machines.machines import MachineDetail, MachineList, MachineOut
from oci.services.activity import events
from oci.services.machines import look, verbs
from webui.live import live
from webui.machines.forms import Enrol
from webui.session import ctx
from webui.submit import Answer, needs, submit

PAGE, MOST = 100, 1000
SORTS: dict[str, Callable[[MachineOut], Any]] = {
    "name": lambda m: m.name,
    "state": lambda m: (list(STATES).index(m.state), m.name),
    "model": lambda m: (m.vendor, m.model, m.name),
    "memory": lambda m: (m.memory_bytes, m.name),
    "disks": lambda m: (m.disk_bytes, m.name),
    "role": lambda m: (m.cluster, m.role, m.name),
    "heard": lambda m: (m.seen or 0, m.name),
}


def _wanted() -> tuple[str, str]:
    return request.args.get("state", ""), request.args.get("q", "").strip()[:100]


def _page(sort: str, number: int) -> MachineList:
    """One page of what is asked for. The service sorts by name; any other order is made here."""
    start = (number - 1) * PAGE
    if sort == "name":
        return look.list_machines(ctx(), *_wanted(), limit=PAGE, offset=start)
    found = look.list_machines(ctx(), *_wanted(), limit=MOST)
    rows = sorted(found.machines, key=SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))
    return MachineList(machines=rows[start : start + PAGE], total=found.total)


def _cursor(sort: str, number: int) -> tuple[object, ...]:
    # In another order than by name a page is cut out of all that are sorted, so it moves with all of them.
    named, by_seen = sort == "name", sort.removeprefix("-") == "heard"
    limit, offset = (PAGE, (number - 1) * PAGE) if named else (MOST, 0)
    return look.list_cursor(ctx(), *_wanted(), limit=limit, offset=offset, by_seen=by_seen)


def _asked(total: int) -> EventOut | None:
    """The last boot script that was fetched, for a list with nothing in it."""
    found = [] if total else events.list_events(ctx(), EventQuery(kind="boot.script", limit=1)).events
    return found[-1] if found else None


def machines() -> Response | str:
    """The list, by state, search and sort, which are all in the address."""
    sort = request.args.get("sort", "name")
    sort = sort if sort.removeprefix("-") in SORTS else "name"
    number = max(1, request.args.get("page", 1, int))

    def build() -> dict[str, Any]:
        found, counts = _page(sort, number), look.counts(ctx())
        return {
            "found": found,
            "counts": counts,
            "sort": sort,
            "page": number,
            "pages": -(-found.total // PAGE),
            "most": MOST,
            "asked": _asked(sum(counts.values())),
            "config": ctx().config,
        }

    return live("machines/machines", lambda: _cursor(sort, number), build)


def _enrolled(machine: MachineDetail) -> tuple[str, str]:
    return f"{machine.name} is known now.", url_for("webui.machine", name=machine.name)


@needs(verbs.enrol)
def enrol() -> Answer:
    """Make a machine known by its MAC, with its controller if there is one."""
    return submit(
        "form.html",
        Enrol(),
        lambda order: verbs.enrol(ctx(), order.mac, order.bmc),
        _enrolled,
        title="Enrol a machine",
        label="Enrol",
        back=url_for("webui.machines"),
        intro="A machine that boots from this network makes itself known. Enrol one to switch it on from here.",
    )


def routes(bp: Blueprint) -> None:
    bp.get("/machines")(machines)
    bp.route("/machines/enrol", methods=["GET", "POST"])(enrol)
