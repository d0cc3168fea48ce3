"""Fitting one outcome of a trial by the likelihood of its protocol, and the posterior that is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.gaussian_model import TrialModel
from santorio.stats.latent_model import LatentTrialModel
from santorio.stats.latent_posterior import LatentPosterior, sample_latent_posterior
from santorio.stats.outcome_types import CODES
from santorio.stats.sampler import Fit, RegressionModel
from santorio.trials.analysis.data import Trial
from santorio.trials.analysis.preprocessing import Prepared

# Group of a stored posterior for standardisation; ArviZ adds axes of draws to groups without `data` in their names.
STANDARDISATION = "standardisation_data"


@dataclass(frozen=True)
class OutcomeFit:
    """A fit, and its model."""

    model: RegressionModel
    fit: Fit


def model_of(prepared: Prepared, sampler_config: Mapping[str, object]) -> TrialModel | LatentTrialModel:
    """The model of an outcome: Gaussian, or latent for the other likelihoods."""
    width = len(prepared.design.columns().names)
    if prepared.coded is None:
        return TrialModel(width, sampler_config=sampler_config)
    return LatentTrialModel(width, len(prepared.coded.coded), sampler_config=sampler_config)


def fit_outcome(
    prepared: Prepared,
    carry_over: CarryOver | None,
    prior: EffectPrior,
    sampler_config: Mapping[str, object],
) -> OutcomeFit:
    """Fit one outcome.

    Parameters
    ----------
    prior : EffectPrior
        Of each arm's effect, in units of σ: a day's SD; with another than the normal likelihood, on the link's scale.
    """
    model = model_of(prepared, sampler_config)
    if prepared.coded is None:
        assert isinstance(model, TrialModel)  # noqa: S101 - `model_of` chose it
        fit = model.fit(prepared.design, prepared.standard, carry_over=carry_over, prior=prior)
        return OutcomeFit(model, fit)
    assert isinstance(model, LatentTrialModel)  # noqa: S101 - `model_of` chose it
    posterior = sample_latent_posterior(
        model, prepared.design, prepared.coded, carry_over=carry_over, prior=prior
    )
    return OutcomeFit(model, _with_standardisation(posterior))


def _with_standardisation(posterior: LatentPosterior) -> Fit:
    """Add what a report needs: effects in the outcome's unit and by cycle, and the inputs of predictive checks."""
    fit, outcome, table = posterior.fit, posterior.days.outcome, posterior.table()
    effect_by_cycle = []
    for arm in range(1, posterior.design.arms):
        cycles = [draws.values for draws in posterior.cycles(arm)]
        effect_by_cycle.append(cycles)
    group: dict[str, NDArray[Any]] = {
        "likelihood": np.array(CODES[outcome.family]),
        "coded_values": outcome.values,
        "link_location": outcome.link,
        "predictor": posterior.predictor(),
        "cut_points": posterior.days.cuts,
        "draw_number": np.arange(0, len(posterior.coefficients), posterior.step),
        "effect_by_cycle": np.array(effect_by_cycle),
        "link_effect_at": table.link,
        "unit_effect_at": table.unit,
    }
    return replace(
        fit,
        draws={**fit.draws, "standard_effect": posterior.standard_effects()},
        dims={**fit.dims, "standard_effect": ("arm",)},
        data={**fit.data, STANDARDISATION: group},
    )


def labelled(fit: Fit, trial: Trial, prepared: Prepared) -> Fit:
    """Label a posterior with the names of its arms, and with the mean and SD that it was standardised by."""
    scale = {"center": np.array(prepared.center), "spread": np.array(prepared.spread)}
    constant = {**fit.data["constant_data"], **scale}
    return replace(
        fit,
        coords={**fit.coords, "arm": trial.arms[1:]},
        data={**fit.data, "constant_data": constant},
    )


def effect_draws(fit: Fit, prepared: Prepared, contrast: int) -> FloatArray:
    """Posterior draws of an arm's effect against the reference, in the outcome's own unit; shape (draws,)."""
    return np.asarray(fit.draws["effect"][:, contrast - 1] * prepared.effect_unit)


def probability_repeats(fit: Fit, prepared: Prepared, contrast: int) -> float | None:
    """Probability that in another cycle the effect would go the way it goes on average; None with one cycle."""
    if prepared.design.cycles < 2:
        return None
    from scipy.special import ndtr

    # Cycles depart on the scale of the model: the standardised outcome's, or the link's.
    variable = "link_effect" if prepared.coded else "effect"
    effect = fit.draws[variable][:, contrast - 1]
    departure_sd = np.maximum(fit.draws["departure_sd"], 1e-12)
    return float(ndtr(np.sign(effect.mean()) * effect / departure_sd).mean())
