"""Sentences drawn from the results."""
