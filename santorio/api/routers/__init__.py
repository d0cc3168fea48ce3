"""Routers of the read API."""
