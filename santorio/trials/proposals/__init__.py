"""Proposals: which trial is worth running next, and its design."""
