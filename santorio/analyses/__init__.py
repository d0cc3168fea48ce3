"""Analyses of a person's days: each publishes a run, and its rows if the fit passes its diagnostics."""
