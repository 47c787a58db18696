"""The log of an install or wipe: a section for each attempt, bounded so that none takes another's place."""

from __future__ import annotations

MARK = "=== attempt "
CUT = "[... the beginning was left out ...]\n"


def header(attempt: int, kind: str, when: str, why: str = "") -> str:
    """The first line of the section of an attempt that began at `when`; `why` says what ended the one before."""
    reason = " ".join(why.split())
    return f"{MARK}{attempt} of the {kind}, {when}{f', after: {reason}' if reason else ''}\n"


def sections(log: str) -> list[str]:
    """The sections, oldest first; what stands before the first header is one of them."""
    found: list[str] = []
    for line in log.splitlines(keepends=True):
        if line.startswith(MARK) or not found:
            found.append("")
        found[-1] += line
    return found


def quote(text: str) -> str:
    """Text of a machine, in which no line can be taken for a header."""
    return "".join(f" {line}" if line.startswith(MARK) else line for line in text.splitlines(keepends=True))


def begin(log: str, head: str) -> str:
    """`log` with a new section."""
    return log + ("\n" if log and not log.endswith("\n") else "") + head


def bounded(log: str, most: int) -> str:
    """`log` in at most `most` characters: the longest section loses of its beginning first, never its header."""
    if len(log) <= most:
        return log
    parts = sections(log)
    while (over := sum(map(len, parts)) - most) > 0:
        longest = max(range(len(parts)), key=lambda at: len(parts[at]))
        shorter = _shorter(parts[longest], over)
        if len(shorter) >= len(parts[longest]):
            return "".join(parts)[-most:]
        parts[longest] = shorter
    return "".join(parts)


def _shorter(section: str, over: int) -> str:
    head, end, body = section.partition("\n") if section.startswith(MARK) else ("", "", section)
    body = body.removeprefix(CUT)
    note = CUT if head else ""
    kept = len(section) - over - len(head) - len(end) - len(note)
    return head + end + note + (body[-kept:] if kept > 0 else "")
