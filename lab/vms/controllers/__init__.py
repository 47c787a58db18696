"""BMCs of virtual machines."""
