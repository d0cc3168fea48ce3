"""Type I error, power and coverage of the exact engine, on trials simulated by the hundred."""

import numpy as np
import pytest

from santorio.trials.columns import arm_exposure, trial_columns
from santorio.trials.decisions import decide
from santorio.trials.exact import fit_exact, whiten

OUTCOMES = 100
DRIFT = {"steady": 0.0, "drifting": 2.0}


def simulate(trials, standardised, kind, days, phi, *, schedules, effect=0.0, drift=0.0, noise=None):
    """Posteriors of `schedules` x 100 trials, and the spread by which each was standardised."""
    slope = drift * np.linspace(-0.5, 0.5, days)[:, None]
    for _ in range(schedules):
        design = trials.design(kind, days)
        drawn = noise(design) if noise else trials.noise(days, phi, OUTCOMES)
        outcome = drawn + slope + effect * design.arm[:, None]
        spread = outcome[design.arm == 0].std(axis=0, ddof=1)
        yield fit_exact(design.columns, standardised(outcome, design.arm)), spread, outcome, design


def rejections(posteriors):
    below = np.concatenate([posterior.below("arm_1", 0.0) for posterior, *_ in posteriors])
    return float(((below < 0.025) | (below > 0.975)).mean())


@pytest.mark.parametrize("baseline", DRIFT)
@pytest.mark.parametrize("phi", [0.0, 0.4, 0.7])
@pytest.mark.parametrize("kind", ["periods", "daily"])
@pytest.mark.parametrize("days", [28, 70])
def test_where_nothing_works_at_most_six_in_a_hundred_intervals_leave_zero_out(
    trials, standardised, days, kind, phi, baseline
):
    rate = rejections(simulate(trials, standardised, kind, days, phi, schedules=30, drift=DRIFT[baseline]))
    assert rate <= 0.06


@pytest.mark.slow
@pytest.mark.parametrize("baseline", DRIFT)
@pytest.mark.parametrize("phi", [0.0, 0.4, 0.7])
@pytest.mark.parametrize("kind", ["periods", "daily"])
@pytest.mark.parametrize("days", [28, 70])
def test_the_same_over_twenty_thousand_trials_each(trials, standardised, days, kind, phi, baseline):
    rate = rejections(simulate(trials, standardised, kind, days, phi, schedules=200, drift=DRIFT[baseline]))
    assert rate <= 0.06


@pytest.mark.parametrize(("kind", "phi"), [("daily", 0.0), ("daily", 0.4), ("daily", 0.7), ("periods", 0.4)])
def test_power_at_matched_error_is_that_of_least_squares_told_the_truth(trials, standardised, kind, phi):
    """Generalised least squares that is told φ, with the same nuisance columns, is the best one could do."""
    statistics = {}
    for effect in (0.0, 0.5):
        ours, theirs = [], []
        for posterior, _, outcome, design in simulate(
            trials, standardised, kind, 70, phi, schedules=40, effect=effect
        ):
            ours.append(posterior.mean("arm_1") / posterior.sd("arm_1"))
            theirs.append(told(design, outcome, phi))
        statistics[effect] = np.abs(np.concatenate(ours)), np.abs(np.concatenate(theirs))
    power = [
        float((with_effect > np.quantile(without, 0.95)).mean())
        for with_effect, without in zip(statistics[0.5], statistics[0.0], strict=True)
    ]
    assert power[0] > power[1] - 0.03


def told(design, outcome, phi):
    """The t statistic of the arm by generalised least squares at the true φ."""
    keep = ~design.columns.pooled
    x, _ = whiten(design.columns.values[:, keep], design.columns.gap_days, phi)
    y, _ = whiten(outcome, design.columns.gap_days, phi)
    inverse = np.linalg.inv(x.T @ x)
    coefficient = inverse @ x.T @ y
    residual = y - x @ coefficient
    sigma = np.sqrt((residual**2).sum(axis=0) / (len(y) - x.shape[1]))
    j = design.columns.index("arm_1")
    return coefficient[j] / (sigma * np.sqrt(inverse[j, j]))


def ar2(trials, days):
    drawn = trials.rng.normal(size=(days + 50, OUTCOMES))
    for t in range(2, days + 50):
        drawn[t] += 0.35 * drawn[t - 1] + 0.25 * drawn[t - 2]
    return drawn[50:] / drawn[50:].std()


def heavy_tailed(trials, days):
    drawn = trials.rng.standard_t(4, size=(days, OUTCOMES)) / np.sqrt(2)
    for t in range(1, days):
        drawn[t] = 0.4 * drawn[t - 1] + np.sqrt(1 - 0.4**2) * drawn[t]
    return drawn


@pytest.mark.parametrize("noise", [ar2, heavy_tailed])
@pytest.mark.parametrize("kind", ["periods", "daily"])
def test_when_the_noise_is_of_another_kind_nine_in_ten_intervals_hold_the_truth(
    trials, standardised, kind, noise
):
    held = []
    for posterior, spread, *_ in simulate(
        trials,
        standardised,
        kind,
        70,
        0.0,
        schedules=20,
        effect=0.5,
        noise=lambda design: noise(trials, len(design.arm)),
    ):
        at = posterior.below("arm_1", 0.5 / spread)
        held.append((at > 0.025) & (at < 0.975))
    assert np.mean(held) >= 0.90


@pytest.mark.parametrize(("kind", "phi"), [("daily", 0.4), ("periods", 0.4)])
def test_a_useless_arm_is_rarely_adopted_and_rarely_avoided(trials, standardised, kind, phi):
    delta = 0.3
    said = []
    for posterior, spread, *_ in simulate(trials, standardised, kind, 70, phi, schedules=20):
        below, above = (posterior.below("arm_1", sign * delta / spread) for sign in (-1, 1))
        said += [decide(1 - a, a - b, b, "higher") for a, b in zip(above, below, strict=True)]
    assert said.count("adopt") / len(said) < 0.05
    assert said.count("avoid") / len(said) < 0.05


@pytest.mark.parametrize("kind", ["periods", "daily"])
def test_days_missing_after_bad_ones_leave_nine_in_ten_intervals_true(trials, standardised, kind):
    held = []
    for _ in range(300):
        design = trials.design(kind, 70)
        outcome = trials.noise(70, 0.4, 1)[:, 0] + 0.5 * design.arm
        yesterday = np.concatenate([[0.0], outcome[:-1]])
        known = trials.rng.random(70) > 0.4 / (1 + np.exp(2 * yesterday))
        columns = trial_columns(
            np.flatnonzero(known), arm_exposure(design.arm, 2)[known], design.cycle[known]
        )
        arm = design.arm[known]
        spread = outcome[known][arm == 0].std(ddof=1)
        at = fit_exact(columns, standardised(outcome[known], arm)).below("arm_1", 0.5 / spread)[0]
        held.append(0.025 < at < 0.975)
    assert np.mean(held) >= 0.90


@pytest.mark.parametrize("kind", ["periods", "daily"])
def test_with_four_days_in_five_adhered_to_the_interval_holds_the_effect_of_being_assigned(
    trials, standardised, kind
):
    held = []
    for _ in range(20):
        design = trials.design(kind, 70)
        done = design.arm[:, None] * (trials.rng.random((70, OUTCOMES)) < 0.8)
        outcome = trials.noise(70, 0.4, OUTCOMES) + 0.5 * done
        spread = outcome[design.arm == 0].std(axis=0, ddof=1)
        at = fit_exact(design.columns, standardised(outcome, design.arm)).below("arm_1", 0.8 * 0.5 / spread)
        held.append((at > 0.025) & (at < 0.975))
    assert np.mean(held) >= 0.90
