"""Training formulas in plain Python: the oracle for the SQL of the training marts.

The warehouse computes these values in production. The tests compute them a second time here, from the published
formula, and compare.
"""
