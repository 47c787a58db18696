"""What a cluster becomes: its declaration, its secrets and certificates."""
