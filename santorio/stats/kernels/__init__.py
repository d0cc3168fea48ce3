"""Log densities with their gradients, compiled by Numba, for the samplers."""
