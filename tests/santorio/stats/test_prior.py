"""Priors as objects: what a configuration says is what a model holds."""

import json

import numpy as np
import pytest
from scipy import stats

from santorio.analyses.effects.model import EffectsModel
from santorio.stats.gaussian_model import TrialModel
from santorio.stats.latent_model import LatentTrialModel
from santorio.stats.prior import Prior


@pytest.fixture(scope="module")
def model():
    """Built with a prior of ρ that is not the default."""
    return TrialModel(16, {"unit_rho": Prior("Beta", alpha=20, beta=5)})


def test_a_prior_is_its_distribution_in_pymc(model):
    import pymc as pm

    built = model.build_model()
    unknown = built["unit_rho"]
    at = np.array([0.6, 0.9])
    found = [float(pm.logp(unknown, value).eval()) for value in at]
    np.testing.assert_allclose(found, stats.beta.logpdf(at, 20, 5), rtol=1e-5)
    assert float(pm.logp(built["tau"], 0.2).eval()) == pytest.approx(stats.halfnorm.logpdf(0.2, scale=0.3))


def test_it_comes_back_from_json():
    for model in (TrialModel(16), LatentTrialModel(16, 64), EffectsModel(2, 3)):
        for prior in model.model_config.values():
            assert Prior.from_dict(json.loads(json.dumps(prior.to_dict()))) == prior


def test_a_prior_of_an_unknown_parameter_is_rejected_with_the_names_of_the_parameters():
    with pytest.raises(ValueError, match="no parameter “rho”: it has tau, unit_rho"):
        TrialModel(16, {"rho": Prior("Beta", alpha=2, beta=2)})


def test_where_the_density_is_written_for_a_distribution_another_one_is_refused():
    with pytest.raises(ValueError, match="tau is HalfNormal"):
        EffectsModel(2, 3, {"tau": Prior("HalfCauchy", beta=1)})


def test_another_width_of_a_prior_reaches_the_density():
    usual, narrow = EffectsModel(2, 3), EffectsModel(2, 3, {"tau": Prior("HalfNormal", sigma=0.01)})
    changed = usual.settings != narrow.settings
    assert changed.sum() == 1
    assert narrow.settings[changed] == 0.01
