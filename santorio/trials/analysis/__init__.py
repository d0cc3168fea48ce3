"""The analysis of a person's trials: from marts to stored posteriors."""
