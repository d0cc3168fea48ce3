"""Simulated trials for the promises of the statistics, and a record of what was found."""

from dataclasses import dataclass

import numpy as np
import pytest

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.randomization import draw_daily, draw_periods
from support.calibration_results import Figures

DAYS_OF_CYCLE = 14


@dataclass(frozen=True)
class Trials:
    """Draws designs, and noise for them."""

    rng: np.random.Generator

    def design(self, kind: str, days: int) -> TrialDesign:
        """A schedule drawn from its law, by periods of seven days or by day, all its days known."""
        seed = int(self.rng.integers(2**31))
        cycles = days // DAYS_OF_CYCLE
        arm = draw_daily(cycles, DAYS_OF_CYCLE, seed) if kind == "daily" else draw_periods(cycles, 7, seed)
        cycle = np.arange(days) // DAYS_OF_CYCLE
        return TrialDesign(np.arange(days) + 20000, arm, cycle, np.ones(days, dtype=bool), 2)

    def noise(self, days: int, phi: float, outcomes: int) -> np.ndarray:
        noise = self.rng.normal(size=(days, outcomes))
        for t in range(1, days):
            noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * noise[t]
        return noise


@pytest.fixture
def trials() -> Trials:
    return Trials(np.random.default_rng(2614))


@pytest.fixture(scope="session")
def figures(request):
    """What the long part finds, written to `benchmarks/calibration.md` when `make calibrate` ends."""
    found = Figures()
    yield found
    if request.config.option.markexpr == "slow":
        found.write()
