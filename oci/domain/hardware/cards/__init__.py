"""Probes of network cards and their neighbours."""
