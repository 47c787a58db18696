"""Probes of the mainboard: processors, memory, firmware, clock, BMC, PCI."""
