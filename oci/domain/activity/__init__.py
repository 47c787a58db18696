"""What goes on beside machines: jobs and their room, events, the appliance's own health."""
