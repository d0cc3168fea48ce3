"""How often baselines cry wolf, at length: years of days that resemble each other, with nothing odd in them."""

import numpy as np
import pytest

from santorio.baselines.anomalies import find_anomalies
from santorio.baselines.changes import find_changes
from santorio.baselines.model import filter_series

pytestmark = pytest.mark.slow

YEARS, SKIP = 150, 21
WEEK = np.array([0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 0.5])


def years(seed: int, phi: float, heavy: float | None = None):
    """Draw years of one metric, a tenth of the days missing."""
    rng = np.random.default_rng(seed)
    for _ in range(YEARS):
        days = 365 + SKIP
        shock = (
            rng.normal(size=days)
            if heavy is None
            else rng.standard_t(heavy, days) / np.sqrt(heavy / (heavy - 2))
        )
        noise = shock.copy()
        for t in range(1, days):
            noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * shock[t]
        day = np.arange(20_000, 20_000 + days)
        known = rng.random(days) > 0.1
        yield day[known], (55 + 2 * (noise + WEEK[(day + 3) % 7]))[known]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("phi", [0.0, 0.4, 0.7])
def test_odd_days_and_runs_come_by_chance_about_once_a_year(phi):
    found = [find_anomalies(filter_series(*year), skip=SKIP) for year in years(1, phi)]
    days = np.mean([sum(one.days == 1 for one in year) for year in found])
    runs = np.mean([sum(one.days > 1 for one in year) for year in found])
    assert days < 0.9
    assert runs < 0.9


@pytest.mark.timeout(1800)
def test_wild_days_of_a_heavy_tail_are_told_a_few_times_a_year():
    """Student-t noise of four degrees of freedom: what is wild is wild, and is told."""
    found = [find_anomalies(filter_series(*year), skip=SKIP) for year in years(2, 0.4, heavy=4.0)]
    days = np.mean([sum(one.days == 1 for one in year) for year in found])
    runs = np.mean([sum(one.days > 1 for one in year) for year in found])
    assert days + runs < 7


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("phi", [0.0, 0.4, 0.7])
def test_a_change_that_is_none_comes_less_than_once_in_five_years(phi):
    told = np.mean([len(find_changes(*year)) for year in years(3, phi)])
    assert told < 0.2
