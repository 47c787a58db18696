"""A machine's states and verbs, its power, its controller, its name."""
