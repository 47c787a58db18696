"""Probe `memory`: /proc/meminfo."""

from __future__ import annotations

from oci.domain.hardware.text import facts, size


def parse(text: str) -> int:
    """Bytes of memory that the kernel manages, less than is built in; 0 if unknown. Never raises."""
    return next((size(value) for key, value in facts(text) if key == "MemTotal"), 0)
