"""Training: what a recording's seconds say of effort, and what days of effort add up to.

Belongs here: pure functions over arrays, each with its unit, its convention and the source of its formula, and what
computes the figures of recordings from them. What needs a person's history, thresholds and daily loads, is SQL in
the warehouse and is held against these functions by tests. `docs/training.md` lists every convention.
"""
