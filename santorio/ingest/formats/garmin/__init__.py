"""Payloads of Garmin Connect: which kind each is, and the events that it holds."""
