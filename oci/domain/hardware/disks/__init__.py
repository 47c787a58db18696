"""Probes of disks, what is on them, which one is chosen and which are wiped."""
