"""Controllers of machines."""
