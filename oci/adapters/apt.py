"""Where this host's own apt takes Debian from (sources.list(5): deb822 files and one-line files)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_ONE_LINE = re.compile(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)")
_PATHS = {"debian": re.compile(r"https?://\S+/debian/?"), "debian-security": re.compile(r"https?://\S+/debian-security/?")}


def _stanza(text: str) -> Iterator[str]:
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
            continue
        name, _, value = line.partition(":")
        name = name.strip().lower()
        fields[name] = value.strip()
    if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in ("no", "false", "0"):
        yield from fields.get("uris", "").split()


def _uris(directory: Path) -> Iterator[str]:
    parts = directory / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        for stanza in re.split(r"\n[ \t]*\n", path.read_text(errors="replace")):
            yield from _stanza(stanza)
    for path in (directory / "sources.list", *sorted(parts.glob("*.list"))):
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                if found := _ONE_LINE.match(line):
                    yield found[1]


def mirrors(directory: Path = Path("/etc/apt")) -> dict[str, str]:
    """The first URL for each of `debian` and `debian-security` that apt is told to use; absent when there is none.

    A URL with a user name in it is passed over: its password must not get into another file.
    """
    found: dict[str, str] = {}
    for uri in _uris(directory):
        for name, pattern in _PATHS.items():
            if name not in found and pattern.fullmatch(uri) and "@" not in uri:
                found[name] = uri.rstrip("/")
    return found


def resolvers(path: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """The DNS servers of this host; IPv6 addresses in brackets, without their zone."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return ()
    words = [line.split() for line in lines if line.startswith("nameserver")]
    addresses = [word[1].partition("%")[0] for word in words if len(word) > 1]
    return tuple(f"[{one}]" if ":" in one else one for one in addresses)
