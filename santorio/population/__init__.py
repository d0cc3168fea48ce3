"""Pooling of estimates over people who consent: the shared estimates, and the results that each person sees."""
