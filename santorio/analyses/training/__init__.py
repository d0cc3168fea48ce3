"""Training: what the seconds of a recording say about effort.

Belongs here: pure functions over arrays, each with its unit, its convention and the source of its formula, and the
step that computes activity metrics with them. What needs a person's history (thresholds, daily loads, critical power)
is SQL in the warehouse; the tests compare it with the oracle in `tests/support/training_oracle`.
`docs/training.md` lists every convention.
"""
