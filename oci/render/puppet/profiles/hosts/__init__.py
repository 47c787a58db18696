"""What runs where servers of users run."""
