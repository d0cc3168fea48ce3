"""A trial's effect under a flat prior, for pooling over people: there a prior must not count once per person."""

from dataclasses import dataclass

from santorio.stats.design_matrix import EFFECT_SD
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.exact_inference import fit_trial
from santorio.trials.analysis.preprocessing import Prepared

# So wide that the likelihood alone determines the posterior, as in `santorio.studies.gaussian_fit`.
FLAT = EffectPrior((1.0,), (0.0,), (10 * EFFECT_SD,))


@dataclass(frozen=True, slots=True)
class FlatPriorEstimate:
    """An estimate under a flat prior, in the outcome's unit.

    Attributes
    ----------
    estimate, sd : float
        Mean and standard deviation of the posterior under a flat prior, which is nearly normal.
    standard_effect : float
        An effect of one σ, which is the unit of priors.
    """

    estimate: float
    sd: float
    standard_effect: float

    def columns(self) -> dict[str, float]:
        """Columns of `analysis.trial_results`."""
        return {
            "prior_free_estimate": self.estimate,
            "prior_free_sd": self.sd,
            "standard_effect": self.standard_effect,
        }


def flat_prior_estimates(prepared: Prepared, carry_over: CarryOver | None) -> list[FlatPriorEstimate]:
    """Estimate each arm's effect against the reference by the exact engine under a flat prior.

    Parameters
    ----------
    carry_over : CarryOver, optional
        Prior of λ, as the protocol states it: it is about the intervention, not about the size of the effect.
    """
    posterior = fit_trial(prepared.design, prepared.standard, carry_over=carry_over, prior=FLAT)
    sigma = float(posterior.sigma_mean()[0]) * prepared.spread
    estimates = []
    for name in posterior.names:
        mean = float(posterior.mean(name)[0]) * prepared.spread
        sd = float(posterior.sd(name)[0]) * prepared.spread
        estimates.append(FlatPriorEstimate(mean, sd, sigma))
    return estimates
