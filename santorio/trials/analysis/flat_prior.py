"""A trial's effect under a flat prior: this is pooled over people, where a prior must not count once per person."""

from dataclasses import dataclass

from santorio.stats.design_matrix import EFFECT_SD
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.exact_inference import fit_trial
from santorio.trials.analysis.preprocessing import Prepared

# So wide that the posterior is that of the likelihood alone, as in `santorio.studies.gaussian_fit`.
FLAT = EffectPrior((1.0,), (0.0,), (10 * EFFECT_SD,))


@dataclass(frozen=True, slots=True)
class FlatPriorEstimate:
    """An estimate that is free of a prior on its effect, in the outcome's unit.

    Attributes
    ----------
    estimate, sd : float
        Mean and standard deviation of the posterior under a flat prior, which is nearly normal.
    standard_effect : float
        What an effect of one standard deviation amounts to: the scale of priors.
    """

    estimate: float
    sd: float
    standard_effect: float

    def columns(self) -> dict[str, float]:
        """As a run's rows keep it."""
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
        Prior of λ, as the protocol states it: it is the intervention's, and says nothing of how large an effect is.
    """
    posterior = fit_trial(prepared.design, prepared.standard, carry_over=carry_over, prior=FLAT)
    sigma = float(posterior.sigma_mean()[0]) * prepared.spread
    return [
        FlatPriorEstimate(
            float(posterior.mean(name)[0]) * prepared.spread,
            float(posterior.sd(name)[0]) * prepared.spread,
            sigma,
        )
        for name in posterior.names
    ]
