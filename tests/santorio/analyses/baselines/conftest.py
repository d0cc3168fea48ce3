"""Series with known truth."""

import numpy as np
import pytest

START = 20_000
WEEK = np.array([0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 0.5])


@pytest.fixture
def lived():
    """Draws days that resemble each other, with weekdays: (days, values) around 55 with a spread of 2."""

    def draw(
        seed: int, days: int = 365, phi: float = 0.5, missing: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=days)
        for t in range(1, days):
            noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * noise[t]
        day = np.arange(START, START + days)
        observed = rng.random(days) >= missing
        value = 55 + 2 * (noise + WEEK[(day + 3) % 7])
        return day[observed], value[observed]

    return draw
