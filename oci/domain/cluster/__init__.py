"""What a cluster's machines are to be: computed from roles, networks and hardware, before anything is done."""
