"""What takes time: waiting for a machine with a line of progress, and following events."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from oci.client import table
from oci.client.api import Client, Unreachable, fill

POLL_SECONDS = 2.0
BAR = 24


class InVain(Exception):
    """The time was over, or the reader had enough, before the work was."""


class Ended(Exception):
    """The work ended, but not as hoped."""


class Line:
    """One line that is rewritten on a terminal; elsewhere each new phase is a line of its own."""

    def __init__(self) -> None:
        self.live, self.said = sys.stderr.isatty(), ""

    def say(self, machine: dict[str, Any], elapsed: float) -> None:
        progress = machine.get("progress") or {}
        percent = int(progress.get("percent", 0))
        what = table.plain(f"{machine['name']} {machine['state']}: {progress.get('title', '')}")
        if self.live:
            full = BAR * percent // 100
            bar = "#" * full + "-" * (BAR - full)
            sys.stderr.write(f"\r\x1b[K[{bar}] {percent:3d} % {int(elapsed)} s  {what}"[:200])
            sys.stderr.flush()
        elif what != self.said:
            print(f"{int(elapsed):5d} s  {percent:3d} %  {what}", file=sys.stderr)
        self.said = what

    def end(self) -> None:
        if self.live and self.said:
            print(file=sys.stderr)


def _again(machine: dict[str, Any]) -> str:
    name = machine["name"]
    return f"the work goes on; look again with `ocicli machine show {name}` or `ocicli machine events {name}`"


def machine(client: Client, started: dict[str, Any], goal: dict[str, list[str]], seconds: float) -> dict[str, Any]:
    """Wait until the machine `started` reaches a state of goal['done'], at most `seconds`.

    An appliance that restarts meanwhile is waited for. Raises InVain, Ended, Refused.
    """
    begin, line, seen = time.monotonic(), Line(), started
    path = fill("/v1/machines/{name}", {"name": started["id"]})
    try:
        while seen["state"] not in goal["done"]:
            elapsed = time.monotonic() - begin
            line.say(seen, elapsed)
            if seen["state"] in goal["failed"]:
                raise Ended(
                    f"{seen['name']} is {seen['state']}: {seen['reason'] or 'no reason is known'}. "
                    f"`ocicli machine why {seen['name']}` tells what can be done"
                )
            if elapsed > seconds:
                raise InVain(f"{seen['name']} is still {seen['state']} after {int(seconds)} s; {_again(seen)}")
            time.sleep(min(POLL_SECONDS, max(0.05, seconds - elapsed)))
            try:
                seen = client.call("GET", path)
            except Unreachable:
                continue
    except KeyboardInterrupt:
        raise InVain(f"stopped waiting; {_again(seen)}") from None
    finally:
        line.end()
    return seen


def _print(event: dict[str, Any], form: str, coloured: bool) -> None:
    if form == "json":
        print(json.dumps(event), flush=True)
        return
    when, what = table.clock(event["at"]), table.plain(event["text"])
    kind = f"\x1b[90m{event['kind']}\x1b[0m" if coloured else event["kind"]
    print(f"{when}  {table.plain(event['machine']) or '-'}  {kind}  {what}", flush=True)


def events(client: Client, query: dict[str, Any], form: str, seconds: float | None) -> None:
    """Print events as they come, the last ten first, until interrupted or for `seconds`."""
    begin, coloured = time.monotonic(), table.wants_colour(sys.stdout)
    ask: dict[str, Any] = {**query, "limit": 10}
    after = None
    try:
        while True:
            found = client.call("GET", "/v1/events", ask)
            for event in found["events"]:
                _print(event, form, coloured)
            after = max(after or 0, found["next"])
            ask = {**query, "limit": 1000, "after": after}
            if seconds is not None and time.monotonic() - begin >= seconds:
                return
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return
