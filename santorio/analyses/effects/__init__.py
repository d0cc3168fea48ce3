"""Associations of outcomes with exposures, from observation alone."""
