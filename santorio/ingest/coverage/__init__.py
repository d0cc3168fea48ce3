"""The coverage ledger: which day of which kind is there, and why one is missing."""
