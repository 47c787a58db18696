"""QEMU and what it emulates."""
