"""Outcomes with a likelihood of their own: how often 95 % intervals hold the truth, and leave zero out though it is."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.special import expit

from santorio.arrays import FloatArray
from santorio.stats import sampler
from santorio.stats.latent_model import LatentTrialModel
from santorio.stats.outcome_types import Family, code_outcome
from santorio.studies.sampled_fit import PRIOR

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

TRIALS, DAYS, PHI = 120, 70, 0.4
# Two binomial standard errors beside the bars of 6 % and 90 %.
MAX_FALSE = 0.06 + 2 * np.sqrt(0.06 * 0.94 / TRIALS)
MIN_HELD = 0.90 - 2 * np.sqrt(0.9 * 0.1 / TRIALS)


@pytest.fixture(scope="module")
def model() -> Iterator[LatentTrialModel]:
    """A thousand draws suffice for a share of intervals: no fit is refused for having no more, nor tried again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampler, "MIN_ESS", 0.0)
        patch.setattr(sampler, "MAX_R_HAT", 1.1)
        yield LatentTrialModel(32, DAYS, sampler_config={"chains": 2, "draws": 500, "tune": 400})


CUTS = np.array([-2.0, -0.7, 0.6, 1.9])
# Of the two ends of a slider, on the logit of its middle part.
ENDS = np.array([-3.5, 3.0])
PRECISION = 6.0


def drawn(rng: np.random.Generator, family: Family, path: FloatArray, shift: FloatArray) -> FloatArray:
    """Outcomes of days, over a latent path."""
    if family == "binary":
        return (rng.random(len(path)) < expit(path - 0.4 + shift)).astype(float)
    if family == "count":
        return rng.poisson(np.exp(np.log(5) + 0.4 * path + shift)).astype(float)
    if family == "ordinal":
        felt = path + shift + rng.logistic(size=len(path))
        return 1.0 + (felt[:, None] > CUTS).sum(axis=1)
    mean = expit(0.5 * path + shift)
    inside = 100 * rng.beta(PRECISION * mean, PRECISION * (1 - mean))
    chance, (low, high) = rng.random(len(path)), (expit(0.5 * path + shift - end) for end in ENDS)
    return np.where(chance > low, 0.0, np.where(chance < high, 100.0, inside))


def expected(family: Family, path: FloatArray, effect: float) -> float:
    """What the days would bring on average with this effect on all of them."""
    if family == "binary":
        return float(expit(path - 0.4 + effect).mean())
    if family == "count":
        return float(np.exp(np.log(5) + 0.4 * path + effect).mean())
    if family == "ordinal":
        return float(1 + expit(path[:, None] + effect - CUTS).sum(axis=1).mean())
    mu = 0.5 * path + effect
    low, high = (expit(mu - end) for end in ENDS)
    return float(100 * (high + (low - high) * expit(mu)).mean())


EFFECTS: list[tuple[Family, float]] = [
    ("binary", 0.0), ("count", 0.0), ("ordinal", 0.0), ("bounded", 0.0),
    ("binary", 1.2), ("count", 0.5), ("ordinal", 1.2), ("bounded", 0.6),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["periods", "daily"])
@pytest.mark.parametrize(("family", "effect"), EFFECTS)
def test_intervals_hold_the_truth_and_seldom_find_what_is_not_there(
    trials, figures, model, family, effect, kind
):
    held, false = [], []
    for _ in range(TRIALS):
        design = trials.design(kind, DAYS)
        path = trials.noise(DAYS, PHI, 1)[:, 0]
        outcome = drawn(trials.rng, family, path, effect * design.arm)
        found = model.fit(design, code_outcome(family, outcome), prior=PRIOR).draws["effect"][:, 0]
        lower, upper = np.quantile(found, [0.025, 0.975])
        held.append(lower < expected(family, path, effect) - expected(family, path, 0.0) < upper)
        false.append(not lower < 0 < upper)
    claim = f"Other outcomes, {TRIALS} trials of {DAYS} days"
    case, share, found = f"{family}, {kind}, effect {effect:g}", float(np.mean(held)), float(np.mean(false))
    figures.add(claim, f"95 % interval, {case}", share, f"≥ {MIN_HELD:.3f}", met=share >= MIN_HELD)
    assert share >= MIN_HELD
    if effect == 0:
        figures.add(claim, f"zero left out, {case}", found, f"≤ {MAX_FALSE:.3f}", met=found <= MAX_FALSE)
        assert found <= MAX_FALSE
    else:
        least = 2 * MAX_FALSE
        figures.add(claim, f"zero left out, {case}", found, f"> {least:.3f}", met=found > least)
        assert found > least
