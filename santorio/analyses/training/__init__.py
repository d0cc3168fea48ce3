"""Training: metrics of effort from the seconds of a recording.

Belongs here: pure functions over arrays, each with its unit, its convention and the source of its formula, and the
step that computes activity metrics with them. Metrics that need a person's history (thresholds, daily loads, critical
power) are SQL in the warehouse; the tests compare them with the oracle in `tests/support/training_oracle`.
`docs/training.md` lists every convention.
"""
