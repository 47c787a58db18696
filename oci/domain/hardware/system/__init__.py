"""Probes of the kernel: its log, drivers, firmware that it misses."""
