"""A plan: one intervention, one outcome, and the design found for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from santorio.metrics import Metric
from santorio.stats.assurance import EffectDistribution, Noise, value_of_information
from santorio.trials.interventions.intervention import Intervention
from santorio.trials.proposals.design_search import Design
from santorio.trials.protocol_model import NORMAL, OutcomeLikelihood

Basis = Literal["association", "trial", "population"]
TARGET_ASSURANCE = 0.8
# Below this a trial is not worth its days; it is not proposed.
MIN_ASSURANCE = 0.65


@dataclass(frozen=True, slots=True)
class PriorEvidence:
    """Evidence of an effect before the trial, and the number of people that it comes from.

    Attributes
    ----------
    basis : {"association", "trial", "population"}
        An association in the person's own days, an earlier trial of theirs of the same arms, or trials of others.
    """

    basis: Basis
    effect: EffectDistribution
    people: int = 1


@dataclass(frozen=True)
class DesignPlan:
    """One intervention, one outcome, and the design found for them.

    Attributes
    ----------
    metric : str
        The outcome as a protocol names it: a measure has its prefix.
    variance : float
        Variance of the effect's estimate, in the outcome's unit squared.
    assurance_by_days : Mapping[int, float]
        Best assurance by length, up to that of the design.
    prior : EffectDistribution
        All evidence combined.
    basis : tuple[PriorEvidence, ...]
        The evidence behind the prior, the person's own first; empty without any.
    again : str or None
        Why it is proposed although it was declined or tested before.
    number : int
        Which trial of this intervention and outcome it would be.
    likelihood, control_likelihood : OutcomeLikelihood
        Of the outcome and of the negative control, chosen from the days before the trial.
    """

    intervention: Intervention
    outcome: Metric
    metric: str
    noise: Noise
    prior: EffectDistribution
    smallest_effect: float
    design: Design
    variance: float
    assurance_by_days: Mapping[int, float]
    basis: tuple[PriorEvidence, ...] = ()
    again: str | None = None
    number: int = 1
    likelihood: OutcomeLikelihood = NORMAL
    control_likelihood: OutcomeLikelihood = NORMAL

    @property
    def slug(self) -> str:
        """Name of the proposal."""
        base = f"{self.intervention.name}-{self.outcome.name.replace('_', '-')}"
        if self.number == 1:
            return base
        return f"{base}-{self.number}"

    @property
    def days(self) -> int:
        """Days of the calendar that it needs."""
        return self.design.days

    @property
    def assurance(self) -> float:
        """Probability of a decision at the end."""
        return self.assurance_by_days[self.days]

    @property
    def is_sure(self) -> bool:
        """Whether it reaches the wanted assurance."""
        return self.assurance >= TARGET_ASSURANCE

    @property
    def value_per_day(self) -> float:
        """Expected value in units of the smallest effect, per 100 days of burden."""
        # Adopting an intervention costs as much as the smallest effect is worth, in proportion to its burden.
        cost = self.smallest_effect * self.intervention.burden
        lower_is_better = self.outcome.direction == "lower"
        value = value_of_information(self.prior, self.variance, cost, lower_is_better=lower_is_better)
        burden_days = self.design.study_days * self.intervention.burden
        return 100 * value / self.smallest_effect / burden_days
