"""Baselines of a person: expected ranges, anomalies, change points, forecasts. No day depends on a later one."""
