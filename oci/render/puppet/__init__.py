"""What the Puppet server reads."""
