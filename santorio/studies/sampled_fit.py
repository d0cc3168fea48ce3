"""One outcome of all cases with a likelihood of its own, each fitted by itself by `santorio.stats.latent_posterior`.

Effects are told in the outcome's own unit, averaged over the case's rows, and beside it on the link's scale: there
cases are pooled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.latent_model import LatentTrialModel
from santorio.stats.latent_posterior import LatentPosterior, sample_latent_posterior
from santorio.stats.outcome_types import Family, code_outcome
from santorio.studies.preprocessing import Prepared
from santorio.studies.spec import OutcomeColumn

# In units of a row's spread on the link's scale. Wider than a trial's, since people bring along what works at once; a
# wider part beside it would tell a symptom that never came with one arm an odds ratio of thousands.
EFFECT_SD = 1.5
PRIOR = EffectPrior((1.0,), (0.0,), (EFFECT_SD,))
# A case's own posterior is this much narrower than its prior at least, as far as pooling goes.
MIN_LEARNED = 1e-3


def likelihood_alone(posterior: LatentPosterior, contrast: int) -> tuple[float, float]:
    """What the rows alone say of an effect on the link's scale, without its prior: estimate and standard deviation.

    Both are taken to be normal: their precisions differ by the prior's.
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
    outcome: OutcomeColumn, prepared: Sequence[Prepared], family: Family, carry_over: CarryOver | None
) -> list[LatentPosterior] | RejectedFit:
    """Fit one outcome of all cases, each by itself; if the diagnostics reject one, none is reported."""
    # One compilation for all cases.
    model = LatentTrialModel(
        max(len(item.case.design.columns().names) for item in prepared),
        max(len(item.observed) for item in prepared),
    )
    low, high = outcome.bounds or (0.0, 1.0)
    fits = []
    for item in prepared:
        # Whole but for the last digits, see `santorio.stats.likelihood_choice.is_whole`.
        values = item.observed if family == "bounded" else np.round(item.observed)
        coded = code_outcome(family, values, low=low, high=high)
        fit = sample_latent_posterior(
            model, item.case.design, coded, carry_over=carry_over, prior=PRIOR, dose=item.case.dose
        )
        if (problem := fit.fit.diagnostics.problem) is not None:
            return RejectedFit(problem)
        fits.append(fit)
    return fits
