"""Clouds, and who in them is asked from here."""
