"""The quality of days: what can be trusted, and what is excluded."""
