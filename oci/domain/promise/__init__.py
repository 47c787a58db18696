"""What an install makes of a machine: cards, interfaces, disks, worked out and hashed."""
