"""Dagster's software-defined assets and asset checks: thin, one module a layer."""
