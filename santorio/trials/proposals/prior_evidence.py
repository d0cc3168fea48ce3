"""Prior evidence of an effect, from the person's own trial or days and from trials of others; and its prior."""

import math
from collections.abc import Sequence

import numpy as np

from santorio.stats.assurance import EffectDistribution
from santorio.stats.effect_priors import INFORMATIVE_WEIGHT, WEAK, EffectPrior, robust_mixture_of
from santorio.trials.interventions.intervention import Intervention
from santorio.trials.proposals.history import previous_result
from santorio.trials.proposals.inputs import ProposalInputs
from santorio.trials.proposals.plan import DesignPlan, PriorEvidence

# An association is confounded in unknown ways: as a prior of a causal effect its SD counts this many times.
OBSERVATIONAL_INFLATION = 2.0
# Without any evidence: most habits change a metric by less than a quarter of its day-to-day SD.
VAGUE_SD = 0.25
# Beside the person's own evidence, that of others counts less: it is not about this person.
POPULATION_WEIGHT = 0.3


def prior_evidence(
    intervention: Intervention, inputs: ProposalInputs, metric: str, lag_days: int, outcome_sd: float
) -> tuple[PriorEvidence, ...]:
    """Find the evidence of an effect: the person's own first, then that of others.

    Trials of others count for built-in interventions alone: what a person wrote may be something else under the same
    name.
    """
    basis = []
    if personal := _personal_evidence(intervention, inputs, metric, outcome_sd):
        basis.append(personal)
    others = inputs.expected.get((intervention.name, metric, lag_days))
    if others and not intervention.own:
        basis.append(others)
    return tuple(basis)


def _personal_evidence(
    intervention: Intervention, inputs: ProposalInputs, metric: str, outcome_sd: float
) -> PriorEvidence | None:
    """Evidence from the person's own trial of the same arms, else from the association in their days.

    The trial was randomised, and its own prior included the association. Times change, so that its result counts with
    a larger SD than it had.
    """
    trial = previous_result(inputs.past, intervention, metric)
    if trial is not None and trial.result is not None:
        sd = float(np.hypot(trial.result.sd, VAGUE_SD * outcome_sd / 2))
        return PriorEvidence("trial", EffectDistribution(trial.result.mean, sd))
    if intervention.habit is None:
        return None
    habit = inputs.exposures.get(intervention.habit.exposure)
    association = inputs.associations.get((metric, intervention.habit.exposure))
    if association is None or habit is None:
        return None
    # Reducing a habit reverses the association, times the amount that is taken away.
    reduction = intervention.habit.share * float(habit.value.mean()) / association.per_amount
    sd = float(np.hypot(OBSERVATIONAL_INFLATION * reduction * association.sd, VAGUE_SD * outcome_sd / 2))
    return PriorEvidence("association", EffectDistribution(-association.estimate * reduction, sd))


def _weights(basis: Sequence[PriorEvidence]) -> list[float]:
    """Weights in the prior's mixture; what they leave to the weak prior does not depend on their number."""
    if len(basis) == 1:
        return [INFORMATIVE_WEIGHT]
    weights = []
    for evidence in basis:
        if evidence.basis == "population":
            weights.append(POPULATION_WEIGHT)
        else:
            weights.append(INFORMATIVE_WEIGHT - POPULATION_WEIGHT)
    return weights


def combined_evidence(basis: Sequence[PriorEvidence], outcome_sd: float) -> EffectDistribution:
    """All evidence as one normal distribution: mean and SD of the mixture without its weak component."""
    if not basis:
        return EffectDistribution(0.0, VAGUE_SD * outcome_sd)
    weights = np.array(_weights(basis)) / INFORMATIVE_WEIGHT
    means = np.array([evidence.effect.mean for evidence in basis])
    sds = np.array([evidence.effect.sd for evidence in basis])
    mean = float(weights @ means)
    # Variance of a mixture: the mean of the components' variances, and the variance of their means.
    variance = float(weights @ (sds**2 + (means - mean) ** 2))
    return EffectDistribution(mean, math.sqrt(variance))


def has_informative_prior(plan: DesignPlan) -> bool:
    """Whether evidence enters the prior: all arms share one prior, so that with several arms none does."""
    return bool(plan.basis) and len(plan.intervention.arms) == 2


def effect_prior(plan: DesignPlan) -> EffectPrior:
    """Prior of the effect in units of σ: the evidence beside a weak prior, which wins where the trial disagrees."""
    if not has_informative_prior(plan):
        return WEAK
    sigma = plan.noise.sigma
    components = []
    for weight, evidence in zip(_weights(plan.basis), plan.basis, strict=True):
        components.append((weight, evidence.effect.mean / sigma, evidence.effect.sd / sigma))
    return robust_mixture_of(components)
