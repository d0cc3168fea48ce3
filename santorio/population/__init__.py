"""Several people together, where they consent: what they let in, how it is pooled, and what a person learns from it."""
