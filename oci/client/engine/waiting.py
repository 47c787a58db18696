"""What takes time: watching until something is done, with a line of progress, and following what is added to a list.

What is looked at, and in which words it is told, is said by x-watch and x-follow of the contract.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from oci.client.engine.api import Client, Unreachable, fill
from oci.client.terminal import table
from oci.client.terminal.look import member, say
from oci.domain.quantities import span

POLL_SECONDS = 2.0
BAR = 24


class InVain(Exception):
    """The time was over, or the reader had enough, before the work was."""


class Ended(Exception):
    """The work ended, but not as hoped."""


class Line:
    """One line that is rewritten on a terminal; elsewhere each new phase is a line of its own."""

    def __init__(self, watch: dict[str, Any]) -> None:
        self.watch, self.live, self.said = watch, sys.stderr.isatty(), ""

    def say(self, seen: dict[str, Any], elapsed: float) -> None:
        told = member(seen, self.watch.get("percent", ""))
        percent = int(told) if isinstance(told, int | float) else 0
        what, long = say(self.watch["line"], seen), span(int(elapsed))
        if self.live:
            full = BAR * percent // 100
            bar = "#" * full + "-" * (BAR - full)
            sys.stderr.write(f"\r\x1b[K[{bar}] {percent:3d} % {long}  {what}"[:200])
            sys.stderr.flush()
        elif what != self.said:
            print(f"{long:>11}  {percent:3d} %  {what}", file=sys.stderr)
        self.said = what

    def end(self) -> None:
        if self.live and self.said:
            print(file=sys.stderr)


def until(client: Client, started: dict[str, Any], watch: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Wait until what the answer `started` began is done as `watch` says, at most `seconds`; the last answer.

    An appliance that restarts meanwhile is waited for. Raises InVain, Ended, Refused.
    """
    begin, line, seen = time.monotonic(), Line(watch), started
    path = fill(watch["path"], started)
    try:
        while (word := member(seen, watch["member"])) not in watch["done"]:
            elapsed = time.monotonic() - begin
            line.say(seen, elapsed)
            if word in watch["failed"]:
                raise Ended(say(watch["ended"], seen))
            if elapsed > seconds:
                late = f"after {span(seconds)} it is not done: {say(watch['line'], seen)}"
                raise InVain(f"{late}; {say(watch['again'], seen)}")
            time.sleep(min(POLL_SECONDS, max(0.05, seconds - elapsed)))
            try:
                seen = client.call("GET", path)
            except Unreachable:
                continue
    except KeyboardInterrupt:
        raise InVain(f"stopped waiting; {say(watch['again'], seen)}") from None
    finally:
        line.end()
    return seen


def follow(
    client: Client, path: str, query: dict[str, Any], told: dict[str, Any], rows: str, form: str, seconds: float | None
) -> None:
    """Print what is added to the list `rows` of `path` as `told` (x-follow) says, until interrupted or for `seconds`."""
    begin, coloured = time.monotonic(), table.wants_colour(sys.stdout)
    ask, after = {**query, **told["first"]}, 0
    try:
        while True:
            answer = client.call("GET", path, ask)
            for row in answer[rows]:
                print(json.dumps(row) if form == "json" else say(told["line"], row, coloured), flush=True)
            after = max(after, answer[told["next"]])
            ask = {**query, **told["then"], told["after"]: after}
            if seconds is not None and time.monotonic() - begin >= seconds:
                return
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return
