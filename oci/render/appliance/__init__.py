"""What the appliance's own programs read."""
