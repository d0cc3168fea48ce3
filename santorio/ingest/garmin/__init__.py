"""Garmin Connect's payloads: recognised by content, filed by day."""
