"""What all routes of operators share."""
