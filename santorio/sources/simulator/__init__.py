"""A simulated person whose true effects are known."""
