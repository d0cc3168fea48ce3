"""People who come from a known population: what is expected of one more, and what is told of each, hold the truth."""

import datetime as dt

import numpy as np
import pytest
from scipy import stats

from santorio.analyses.effects.flat_prior import flat_prior_associations
from santorio.analyses.effects.marginal_likelihood import gather
from santorio.population.estimates import Estimate
from santorio.population.pipeline import NODES, ONE_WIDTH, pool_estimates
from santorio.stats.design_matrix import background_columns
from santorio.stats.effect_priors import WEAK, robust_mixture_of
from santorio.stats.evaluation.simulation import Population, simulate_people, standardise
from santorio.stats.exact_inference import fit_trial
from santorio.stats.meta_analysis import BETWEEN_SCALE, pool
from santorio.trials.analysis.flat_prior import FLAT

LEVELS = (0.5, 0.8, 0.95)
AS_OF = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NUMBERS = "Several people: populations drawn from the hierarchy's prior"
TRIALS = "Several people: trials of 42 days, pooled"
ASSOCIATIONS = "Several people: associations over 150 days, pooled"


def ranks_from_prior(rng, populations, people):
    """Where the truth lies in what is told: of one more person (and as the normal that enters a protocol), of one."""
    ranks = {"one more person": [], "one more person, taken to be normal": [], "a person among them": []}
    for _ in range(populations):
        mean = rng.normal()
        between = BETWEEN_SCALE * abs(rng.normal())
        truth = mean + between * rng.normal(size=people + 1)
        sds = rng.uniform(0.15, 0.5, size=people)
        found = pool(truth[1:] + sds * rng.normal(size=people), sds, 1.0, widths=ONE_WIDTH, nodes=NODES)
        ranks["one more person"].append(found.below(truth[0], next_case=True))
        ranks["one more person, taken to be normal"].append(
            stats.norm.cdf(truth[0], found.mean, found.next_sd)
        )
        ranks["a person among them"].append(stats.norm.cdf(truth[1], found.case_means[0], found.case_sds[0]))
    return {name: np.array(values) for name, values in ranks.items()}


def held(ranks, level):
    """Share of central intervals that hold the truth."""
    return float((np.abs(ranks - 0.5) < level / 2).mean())


@pytest.mark.parametrize("people", [5, 9])
def test_what_is_expected_of_one_more_person_holds_them_as_often_as_it_says(people):
    ranks = ranks_from_prior(np.random.default_rng(people), 700, people)
    assert stats.kstest(ranks["one more person"], "uniform").pvalue > 0.01
    for level in LEVELS:
        error = 3 * np.sqrt(level * (1 - level) / 700)
        assert held(ranks["one more person"], level) == pytest.approx(level, abs=error)
        for approximate in ("one more person, taken to be normal", "a person among them"):
            assert held(ranks[approximate], level) > level - error - 0.01


@pytest.mark.slow
@pytest.mark.parametrize("people", [5, 8, 25])
def test_so_it_does_over_ten_thousand_populations(people, figures):
    populations = 10_000
    ranks = ranks_from_prior(np.random.default_rng(100 + people), populations, people)
    for name, found in ranks.items():
        for level in LEVELS:
            share, error = held(found, level), 2 * np.sqrt(level * (1 - level) / populations)
            case = f"{people} people: {name}, {level:.0%} interval"
            if name == "one more person":
                figures.add(NUMBERS, case, share, f"{level} ± {error:.3f}", met=abs(share - level) <= error)
                assert abs(share - level) <= 2 * error
            else:
                # Taken to be normal, of a mixture over the spread between people: its middle holds more than it says.
                figures.add(NUMBERS, case, share, f"≥ {level - 0.01:.2f}", met=share >= level - 0.01)
                assert share >= level - 0.01 - error
    assert stats.kstest(ranks["one more person"], "uniform").pvalue > 0.01


def days_alone(person):
    """A simulated trial's own answer, as an analysis publishes it."""
    standard, spread = standardise(person.outcome[:, None], person.design.arm)
    posterior = fit_trial(person.design, standard[:, 0], prior=FLAT)
    times = float(spread[0])
    mean, sd, sigma = posterior.mean("arm_1"), posterior.sd("arm_1"), posterior.sigma_mean()
    return Estimate(float(mean[0]) * times, float(sd[0]) * times, float(sigma[0]) * times, 1.0, AS_OF)


def judged(person, prior):
    """A trial's 95 % interval under a prior."""
    standard, spread = standardise(person.outcome[:, None], person.design.arm)
    posterior = fit_trial(person.design, standard[:, 0], prior=prior)
    return [float(posterior.quantile("arm_1", p)[0] * spread[0]) for p in (0.025, 0.975)]


# Mean and spread of the effect over people, in units of a typical person's day-to-day spread.
POPULATIONS = {
    "everyone alike": Population(0.3, 0.0),
    "no effect on average": Population(0.0, 0.25),
    "as most likely by the prior": Population(0.3, 0.1),
    "very different": Population(0.3, 0.6),
}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("people", [5, 10])
@pytest.mark.parametrize("case", POPULATIONS)
def test_trials_of_others_tell_what_to_expect_of_a_new_person_and_help_to_judge_theirs(
    trials, case, people, figures
):
    runs = 300
    expected, among, alone, beside, width = [], [], [], [], []
    for _ in range(runs):
        group = simulate_people(
            [trials.design("daily", 42) for _ in range(people + 1)], POPULATIONS[case], trials.rng
        )
        new, others = group[0], group[1:]
        parts = [days_alone(one) for one in others]
        pooled = pool_estimates(parts)
        expected.append(pooled.below(new.effect, next_case=True))
        among.append(stats.norm.cdf(others[0].effect, pooled.case_means[0], pooled.case_sds[0]))
        sigma = days_alone(new).standard_effect
        prior = robust_mixture_of([(0.8, pooled.mean / sigma, pooled.next_sd / sigma)])
        for into, (low, high) in ((alone, judged(new, WEAK)), (beside, judged(new, prior))):
            into.append((low <= new.effect <= high, high - low))
    figures_of = {
        "95 % of what is expected of one more person": held(np.array(expected), 0.95),
        "95 % interval of a person among them": held(np.array(among), 0.95),
        "95 % interval of their trial, weak prior": np.mean([one[0] for one in alone]),
        "95 % interval of their trial, population in the prior": np.mean([one[0] for one in beside]),
    }
    for name, share in figures_of.items():
        figures.add(TRIALS, f"{case}, {people} people: {name}", share, "≥ 0.90", met=share >= 0.9)
    width = np.mean([one[1] for one in beside]) / np.mean([one[1] for one in alone])
    figures.add(
        TRIALS,
        f"{case}, {people} people: its width against the weak prior's",
        width,
        "≤ 1.02",
        met=width <= 1.02,
    )
    # Two binomial standard errors below the bar.
    assert min(figures_of.values()) >= 0.9 - 2 * np.sqrt(0.9 * 0.1 / runs)
    assert width < 1.02


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("between", [0.0, 0.1])
def test_the_mean_association_of_people_is_not_pulled_to_nothing_and_its_interval_holds_it(
    trials, between, figures
):
    days, people, populations, mean = 150, 8, 80, 0.12
    rng = trials.rng
    background = background_columns(np.arange(days) + 20_000)
    estimates, of_mean, of_one = [], [], []
    for _ in range(populations):
        parts, truth = [], mean + between * rng.normal(size=people)
        for effect in truth:
            exposures = rng.normal(size=(days, 3))
            exposures[:, 1] = 0.5 * exposures[:, 0] + 0.87 * exposures[:, 1]
            outcome = effect * exposures[:, 0] + trials.noise(days, 0.4, 1)[:, 0]
            estimate, sd = flat_prior_associations(gather(background, exposures, outcome), [0, 1, 2])
            parts.append(Estimate(float(estimate[0]), float(sd[0]), 1.0, 1.0, AS_OF))
        pooled = pool_estimates(parts)
        estimates.append(pooled.mean)
        of_mean.append(pooled.below(mean))
        of_one.append(stats.norm.cdf(truth[0], pooled.case_means[0], pooled.case_sds[0]))
    case = f"spread between people {between} SD"
    for name, ranks in (("95 % interval of the mean", of_mean), ("95 % interval of a person", of_one)):
        share = held(np.array(ranks), 0.95)
        figures.add(ASSOCIATIONS, f"{case}: {name}", share, "≥ 0.90", met=share >= 0.9)
        assert share >= 0.88
    pulled = np.mean(estimates) / mean
    figures.add(
        ASSOCIATIONS,
        f"{case}: mean estimate, share of the truth",
        pulled,
        "0.93 to 1.07",
        met=abs(pulled - 1) <= 0.07,
    )
    assert pulled == pytest.approx(1, abs=0.1)
