"""Encryption keys, the secrets they protect, API tokens and consent."""
