"""Manual logs and trial files as a person drops them."""
