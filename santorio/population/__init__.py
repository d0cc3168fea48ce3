"""Several people together, with their consent: what they share, how it is pooled, and what a person sees of it."""
