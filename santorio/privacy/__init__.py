"""Keeping a person's secrets: keys, and what is encrypted under them."""
