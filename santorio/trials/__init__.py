"""N-of-1 trials: proposals, protocols, their life cycle, analysis and report."""
