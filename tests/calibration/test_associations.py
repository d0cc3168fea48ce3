"""Associations: what was put in is found, and intervals hold it as often as they say."""

import numpy as np
import pytest

from santorio.analyses.effects.marginal_likelihood import gather
from santorio.analyses.effects.model import EffectsModel
from santorio.stats.design_matrix import background_columns

TRUE = np.array([0.5, -0.2, 0.0, 0.0, 0.0])


def coverage(trials, fits):
    held, refused = [], 0
    for i in range(fits):
        exposures = trials.rng.normal(size=(150, 5))
        exposures[:, 2] += 0.6 * exposures[:, 0]
        exposures /= exposures.std(axis=0)
        outcome = exposures @ TRUE + 0.8 * trials.noise(150, 0.4, 1)[:, 0]
        effects = EffectsModel(1, 5, sampler_config={"seed": i}).fit(
            [gather(background_columns(np.arange(150)), exposures, outcome)]
        )
        refused += effects.diagnostics.problem is not None
        lower, upper = np.quantile(effects.effect[:, 0], [0.025, 0.975], axis=0)
        held.append((lower < TRUE) & (upper > TRUE))
    return np.mean(held, axis=0), refused


def test_intervals_hold_the_true_associations(trials):
    held, refused = coverage(trials, 10)
    assert refused == 0
    assert held.mean() >= 0.88


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_intervals_hold_each_true_association_at_length(trials, figures):
    held, refused = coverage(trials, 200)
    claim = "Coverage of 95 % intervals, associations of one outcome, 200 series of 150 days"
    for number, (true, share) in enumerate(zip(TRUE, held, strict=True), start=1):
        figures.add(claim, f"exposure {number}, truly {true:g}", share, "≥ 0.88", met=share >= 0.88)
    figures.add(claim, "fits refused for their diagnostics", refused, "≤ 4", met=refused <= 4)
    assert refused <= 4
    assert (held >= 0.88).all()
