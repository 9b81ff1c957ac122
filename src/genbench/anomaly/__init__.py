"""Finding images that do not belong: scores, corruptions, how well scores tell sets apart."""
