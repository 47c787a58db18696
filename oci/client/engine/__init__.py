"""From the contract to a command, a request and its answer."""
