"""Names of machines, and names that no machine may have."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oci.domain.words import LABEL, LONGEST_DNS_NAME, MAC

# Words that `find` understands first, or that every resolver answers by itself (RFC 6761 section 6.3, Debian's /etc/hosts).
_LOCAL = ("localhost", "localdomain", "ip6-localhost", "ip6-loopback", "ip6-allnodes", "ip6-allrouters", "broadcasthost")
_LABEL = re.compile(LABEL)
# In every spelling that a host name can have: a colon is in none.
_MAC = re.compile(rf"{MAC}|{MAC.replace(':[', '-[')}|[0-9a-f]{{12}}")
_GIVEN = re.compile(r"(machine-[0-9]+|new-.*)")
LONGEST = LONGEST_DNS_NAME


def canonical(name: str) -> str:
    """`name` as it is compared: DNS knows no case, and a dot at the end changes nothing (RFC 1034 section 3.1)."""
    return name.strip().lower().rstrip(".")


def is_dns_name(name: str) -> bool:
    """Whether `name` is one that DNS can answer, in canonical form (RFC 1123 section 2.1)."""
    return len(name) <= LONGEST and all(_LABEL.fullmatch(label) for label in name.split("."))


def bad_host(host: str) -> str:
    """Why no machine may have the short name `host`, in words; empty when it may."""
    if not _LABEL.fullmatch(host):
        return "a host name has at most 63 of a-z, 0-9 and hyphens, and no hyphen at an end"
    if host.isdigit():
        return "a number is the id of a machine; begin with a letter"
    if _MAC.fullmatch(host):
        return "it reads like a MAC, which means the machine with that card; choose another"
    if _GIVEN.fullmatch(host):
        return "names like it are for machines without a role; choose another"
    if host in _LOCAL:
        return "it means the machine that asks, on every machine; choose another"
    return ""


def bad_domain(domain: str) -> str:
    """Why no cluster may have the domain `domain`, in words; empty when it may."""
    labels = domain.split(".")
    if labels[-1].isdigit():
        return "its last part is a number, so that names in it read like addresses; use a domain like lab.example"
    if labels[-1] in _LOCAL:
        return "names in it mean the machine that asks (RFC 6761); use a domain like lab.example"
    return ""


def holder_of_name(fqdn: str, held: Iterable[tuple[str, str]]) -> str:
    """Who holds the name `fqdn`, in words; empty when nobody does.

    `held` are (name, holder). A held name without a dot is held in every domain: a resolver adds any of them.
    """
    name = canonical(fqdn)
    for other, holder in held:
        known = canonical(other)
        if known and (name == known or ("." not in known and name.split(".")[0] == known)):
            return holder
    return ""
