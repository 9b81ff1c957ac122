"""What the results show, in sentences."""
