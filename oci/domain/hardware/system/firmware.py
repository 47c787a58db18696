"""Probe `firmware`: one word, how the machine booted."""

from __future__ import annotations

_WORDS = {"bios": "bios", "efi": "efi", "uefi": "efi"}


def parse(text: str) -> str:
    """`bios`, `efi`, or '' for anything else. Never raises."""
    return _WORDS.get(text[:64].strip().lower(), "")
