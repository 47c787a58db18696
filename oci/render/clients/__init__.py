"""What clients of a cloud are given: files for the programs of its users."""
