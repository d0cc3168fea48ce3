"""Priors of an effect's size and of how long it lasts."""

import numpy as np
import pytest

from santorio.stats.effect_priors import EffectPrior, carry_over_from, robust_mixture


@pytest.mark.parametrize("half_life_days", [0.0, 0.1, 0.25])
def test_an_effect_that_is_gone_by_the_next_day_has_no_carry_over(half_life_days):
    assert carry_over_from(half_life_days) is None


@pytest.mark.parametrize(("half_life_days", "left"), [(0.5, 0.25), (1, 0.5), (2, 0.7071), (7, 0.9057)])
def test_the_half_life_gives_the_share_left_by_tomorrow(half_life_days, left):
    prior = carry_over_from(half_life_days)
    assert prior is not None
    assert prior.mean == pytest.approx(left, abs=1e-4)


def test_a_third_to_three_times_the_half_life_is_within_the_prior():
    from scipy.stats import beta

    for half_life_days in (0.5, 1, 3, 7, 20):
        prior = carry_over_from(half_life_days)
        low, high = (2 ** (-1 / (half_life_days * factor)) for factor in (1 / 3, 3))
        inside = np.diff(beta(prior.alpha, prior.beta).cdf([low, high]))[0]
        assert 0.85 < inside < 0.99


def test_a_robust_prior_has_the_informative_component_and_the_weak_one():
    prior = robust_mixture(0.4, 0.2, 0.7)
    drawn = prior.draw(np.random.default_rng(1), (200_000,))
    assert drawn.mean() == pytest.approx(0.7 * 0.4, abs=0.01)
    assert drawn.var() == pytest.approx(0.7 * (0.04 + 0.16) + 0.3 - 0.28**2, rel=0.02)


@pytest.mark.parametrize("parts", [((0.5,), (0.0,), (1.0,)), ((1.0,), (0.0,), (0.0,)), ((), (), ())])
def test_a_mixture_that_is_none_is_refused(parts):
    with pytest.raises(ValueError, match="mixture"):
        EffectPrior(*parts)
