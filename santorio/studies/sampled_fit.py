"""Fits an outcome with a likelihood of its own, each case by itself, by `santorio.stats.latent_posterior`.

Effects are reported in the outcome's own unit, averaged over the case's rows, and on the link's scale too: there
cases are pooled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.latent_model import LatentTrialModel
from santorio.stats.latent_posterior import LatentPosterior, sample_latent_posterior
from santorio.stats.outcome_types import Family, code_outcome
from santorio.studies.preprocessing import PreparedCase
from santorio.studies.spec import OutcomeColumn

# In units of a row's spread on the link's scale. Wider than a trial's, since people study what works at once; a
# wider component beside it would give a symptom that never came with one arm an odds ratio of thousands.
EFFECT_SD = 1.5
PRIOR = EffectPrior((1.0,), (0.0,), (EFFECT_SD,))
# A case's own posterior is this much narrower than its prior at least, as far as pooling goes.
MIN_LEARNED = 1e-3


def likelihood_alone(posterior: LatentPosterior, contrast: int) -> tuple[float, float]:
    """Estimate of an effect on the link's scale by the rows alone, without its prior, and its standard deviation.

    Posterior and prior are taken to be normal: the precision of the likelihood is the difference of theirs.
    """
    own = posterior.link(contrast)
    prior = (EFFECT_SD * posterior.sigma) ** 2
    precision = max(own.sd**-2 - 1 / prior, MIN_LEARNED / prior)
    return own.mean / own.sd**2 / precision, precision**-0.5


@dataclass(frozen=True)
class RejectedFit:
    """Why no fit of this outcome may be reported."""

    problem: str


def fit_sampled(
    outcome: OutcomeColumn, prepared: Sequence[PreparedCase], family: Family, carry_over: CarryOver | None
) -> list[LatentPosterior] | RejectedFit:
    """Fit one outcome of all cases, each by itself; if the diagnostics reject one, none is reported."""
    # One compilation, of the size of the largest case, serves all cases.
    columns = max(len(prepared_case.case.design.columns().names) for prepared_case in prepared)
    rows = max(len(prepared_case.observed) for prepared_case in prepared)
    model = LatentTrialModel(columns, rows)
    low, high = outcome.bounds or (0.0, 1.0)
    fits = []
    for prepared_case in prepared:
        case, values = prepared_case.case, prepared_case.observed
        if family != "bounded":
            # Whole but for the last digits, see `santorio.stats.likelihood_choice.is_whole`.
            values = np.round(values)
        coded = code_outcome(family, values, low=low, high=high)
        fit = sample_latent_posterior(
            model, case.design, coded, carry_over=carry_over, prior=PRIOR, dose=case.dose
        )
        problem = fit.fit.diagnostics.problem
        if problem is not None:
            return RejectedFit(problem)
        fits.append(fit)
    return fits
