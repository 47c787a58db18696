"""The alphabets of what has a fixed spelling: a MAC, a name, a token. Each is said here once.

They are texts, not compiled patterns, because schemas put them into the OpenAPI document and renderers compile them: what is
matched is always the whole value (`fullmatch`), so that a line break at the end is never overlooked.
"""

from __future__ import annotations

import re

# IEEE 802: six octets. This is the one spelling that OCI stores; `facts.canonical_mac` makes it of any other.
MAC = r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}"
# As a person may write it. A second hex digit that is even: no group address is a machine's own.
OWN_MAC_ANY_CASE = r"[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}"

# One label of a host name: RFC 952 as RFC 1123 section 2.1 widened it, at most 63 characters (RFC 1035 section 2.3.4).
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
LABEL_ANY_CASE = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DNS_NAME = rf"{LABEL}(\.{LABEL})*"
# With the limit of 253 characters that 255 octets on the wire leave (RFC 1035 section 3.1).
DNS_NAME_ANY_CASE = rf"(?=.{{1,253}}\Z){LABEL_ANY_CASE}(?:\.{LABEL_ANY_CASE})*"
LONGEST_DNS_NAME = 253

# The alphabet of `secrets.token_urlsafe` (RFC 4648 section 5): what names a boot or opens a door.
TOKEN = r"[A-Za-z0-9_-]{1,64}"
SHA256 = r"[0-9a-f]{64}"
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# The kernel takes 15 bytes but `/`, `:` and white space (dev_valid_name in net/core/dev.c); this is what people use of that.
INTERFACE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}"

# A mirror or a listener: no user, no query, nothing that a line of sources.list would take for two words.
URL = r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9_.~+-]+)*/?"

# No dollar, brace, quote, ampersand or bar: iPXE would expand a setting or begin another command, as GRUB would.
KERNEL_ARGUMENT = r"[A-Za-z0-9_][A-Za-z0-9_.,:=/@%+~-]*"
# How arguments begin that OCI gives by itself.
KERNEL_RESERVED = ("initrd=", "oci.")

_MAC, _INTERFACE, _LABEL = re.compile(MAC), re.compile(INTERFACE), re.compile(LABEL)
# Words that `ip`, sysctl and the kernel understand as something else than one interface.
_NO_INTERFACE = frozenset({"lo", "all", "default", "bonding_masters"})


def is_mac(text: str) -> bool:
    """Whether `text` is a MAC as OCI stores it: `52:54:00:12:34:56`."""
    return _MAC.fullmatch(text) is not None


def is_interface(text: str) -> bool:
    """Whether a network interface may be called `text`."""
    return _INTERFACE.fullmatch(text) is not None and text not in _NO_INTERFACE


def is_label(text: str) -> bool:
    """Whether `text` is one label of a host name in small letters."""
    return _LABEL.fullmatch(text) is not None
