"""Simulated trials for the promises of the statistics."""

from dataclasses import dataclass

import numpy as np
import pytest

from santorio.trials.columns import Columns, arm_exposure, trial_columns
from santorio.trials.schedules import draw_daily, draw_periods

DAYS_OF_CYCLE = 14


@dataclass(frozen=True)
class Design:
    """A schedule drawn from its law, with its columns."""

    arm: np.ndarray
    cycle: np.ndarray
    columns: Columns


@dataclass(frozen=True)
class Trials:
    """Draws designs, and noise for them."""

    rng: np.random.Generator

    def design(self, kind: str, days: int) -> Design:
        seed = int(self.rng.integers(2**31))
        cycles = days // DAYS_OF_CYCLE
        arm = draw_daily(cycles, DAYS_OF_CYCLE, seed) if kind == "daily" else draw_periods(cycles, 7, seed)
        cycle = np.arange(days) // DAYS_OF_CYCLE
        return Design(arm, cycle, trial_columns(np.arange(days) + 20000, arm_exposure(arm, 2), cycle))

    def noise(self, days: int, phi: float, outcomes: int) -> np.ndarray:
        noise = self.rng.normal(size=(days, outcomes))
        for t in range(1, days):
            noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * noise[t]
        return noise


def standardise(outcome: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """As the analysis does: the reference arm's days have mean 0 and spread 1."""
    reference = outcome[arm == 0]
    return (outcome - reference.mean(axis=0)) / reference.std(axis=0, ddof=1)


@pytest.fixture
def trials() -> Trials:
    return Trials(np.random.default_rng(2614))


@pytest.fixture
def standardised():
    return standardise
