"""Probe `cmdline`: /proc/cmdline of the live system."""

from __future__ import annotations

from oci.domain.identity.verdict import canonical_mac


def parse(text: str) -> str:
    """The MAC that the machine booted from, or ''. Never raises.

    OCI's own `oci.mac` counts first, then PXELINUX's `BOOTIF`, whose first octet is the hardware type.
    """
    words = dict(word.partition("=")[::2] for word in text[:4096].split())
    return canonical_mac(words.get("oci.mac", "")) or canonical_mac(words.get("BOOTIF", "")[3:])
