"""The statistics by themselves: design matrices, randomisation, exact inference, samplers. No data access."""
