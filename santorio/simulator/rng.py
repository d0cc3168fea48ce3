"""Random streams: one for each part of the life, so that a change in one leaves the others alone."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]
type Bools = NDArray[np.bool_]


def stream(seed: int, name: str, day: int = 0) -> np.random.Generator:
    """Make the generator of a named part of the life, and of one day of it where each day has its own."""
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(name.encode()), day]))


def autoregressive(rng: np.random.Generator, days: int, *, sd: float, phi: float) -> Floats:
    """Draw stationary AR(1) noise with marginal standard deviation `sd` and lag-1 correlation `phi`."""
    innovations = rng.normal(0.0, sd * np.sqrt(1.0 - phi * phi), days)
    noise = np.empty(days)
    # From the stationary distribution, so that the first days vary as much as all others.
    noise[0] = rng.normal(0.0, sd)
    for day in range(1, days):
        noise[day] = phi * noise[day - 1] + innovations[day]
    return noise


def split_evenly(rng: np.random.Generator, total: int, parts: int) -> list[int]:
    """Split a whole number at random into whole numbers that add up to it."""
    cuts = np.sort(rng.integers(0, total + 1, parts - 1))
    shares: list[int] = np.diff(cuts, prepend=0, append=total).tolist()
    return shares
