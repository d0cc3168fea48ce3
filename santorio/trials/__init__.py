"""N-of-1 trials: their model, their analysis and the next proposal."""
