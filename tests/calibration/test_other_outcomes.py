"""Outcomes with a likelihood of their own: how often 95 % intervals hold the truth, and leave zero out though it is."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.special import expit

from santorio.studies.sampled import PRIOR
from santorio.trials import sampling
from santorio.trials.columns import FloatArray
from santorio.trials.families import Family, code_outcome
from santorio.trials.latent import LatentTrialModel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

TRIALS, DAYS, PHI = 120, 70, 0.4
# Two binomial standard errors beside the bars of 6 % and 90 %.
MOST_FALSE = 0.06 + 2 * np.sqrt(0.06 * 0.94 / TRIALS)
LEAST_HELD = 0.90 - 2 * np.sqrt(0.9 * 0.1 / TRIALS)


@pytest.fixture(scope="module")
def model() -> Iterator[LatentTrialModel]:
    """A thousand draws suffice for a share of intervals: no fit is refused for having no more, nor tried again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "MIN_ESS", 0.0)
        patch.setattr(sampling, "MAX_R_HAT", 1.1)
        yield LatentTrialModel(32, DAYS, sampler_config={"chains": 2, "draws": 500, "tune": 400})


def drawn(rng: np.random.Generator, family: Family, path: FloatArray, shift: FloatArray) -> FloatArray:
    """Outcomes of days, over a latent path."""
    if family == "binary":
        return (rng.random(len(path)) < expit(path - 0.4 + shift)).astype(float)
    return rng.poisson(np.exp(np.log(5) + 0.4 * path + shift)).astype(float)


def truth(family: Family, path: FloatArray, effect: float) -> float:
    """Difference of what the days would bring with an arm on all of them, and on none."""
    if family == "binary":
        return float((expit(path - 0.4 + effect) - expit(path - 0.4)).mean())
    return float((np.exp(np.log(5) + 0.4 * path) * np.expm1(effect)).mean())


@pytest.mark.parametrize("kind", ["periods", "daily"])
@pytest.mark.parametrize(
    ("family", "effect"), [("binary", 0.0), ("count", 0.0), ("binary", 1.2), ("count", 0.5)]
)
def test_intervals_hold_the_truth_and_seldom_find_what_is_not_there(trials, model, family, effect, kind):
    held, false = [], []
    for _ in range(TRIALS):
        design = trials.design(kind, DAYS)
        path = trials.noise(DAYS, PHI, 1)[:, 0]
        outcome = drawn(trials.rng, family, path, effect * design.arm)
        found = model.fit(design, code_outcome(family, outcome), prior=PRIOR).draws["effect"][:, 0]
        lower, upper = np.quantile(found, [0.025, 0.975])
        held.append(lower < truth(family, path, effect) < upper)
        false.append(not lower < 0 < upper)
    assert np.mean(held) >= LEAST_HELD
    if effect == 0:
        assert np.mean(false) <= MOST_FALSE
    else:
        assert np.mean(false) > 2 * MOST_FALSE
