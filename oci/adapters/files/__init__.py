"""Files of the appliance."""
