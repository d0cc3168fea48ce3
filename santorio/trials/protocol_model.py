"""The model that a protocol promises: likelihoods, and the priors that differ from trial to trial (docs/method.md)."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from santorio.metrics import Bounds
from santorio.stats.design_matrix import EFFECT_SD
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.likelihood_choice import LikelihoodChoice
from santorio.stats.outcome_types import Family
from santorio.trials.interventions.intervention import MEASURE, MetricName, StrictModel

# More digits would make a protocol's canonical text depend on rounding in the last bits.
SIGNIFICANT_DIGITS = 6


def _significant(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


Decimal = Annotated[float, AfterValidator(_significant)]


class CarryOverPrior(StrictModel):
    """λ ~ Beta(alpha, beta): the share of yesterday's exposure that is still effective."""

    alpha: Annotated[Decimal, Field(gt=0)]
    beta: Annotated[Decimal, Field(gt=0)]


class MixtureComponent(StrictModel):
    """A component of the mixture that is the prior of an effect, in units of σ, and the evidence that it rests on."""

    weight: Annotated[Decimal, Field(gt=0, le=1)]
    mean: Decimal
    sd: Annotated[Decimal, Field(gt=0)]
    rests_on: Literal["association", "trial", "population", "weak"] | None = None


class OutcomeLikelihood(StrictModel):
    """The likelihood of an outcome, chosen before the first day.

    Attributes
    ----------
    likelihood : str
        Normal, or one of `santorio.stats.outcome_types`.
    bounds : tuple of float or None
        Lowest and highest possible value of a bounded outcome; None otherwise, so that the canonical text of a protocol
        with a normal likelihood does not mention them.
    """

    likelihood: Literal["normal", "binary", "ordinal", "count", "bounded"] = "normal"
    bounds: tuple[Decimal, Decimal] | None = None

    @model_validator(mode="after")
    def _has_its_bounds(self) -> Self:
        if (self.bounds is not None) != (self.likelihood == "bounded"):
            raise ValueError("bounds go with the likelihood “bounded”")
        if self.bounds and self.bounds[0] >= self.bounds[1]:
            raise ValueError("bounds are the lowest value, then the highest")
        return self

    @classmethod
    def from_choice(cls, choice: LikelihoodChoice, bounds: Bounds | None) -> Self:
        """The likelihood of a choice, with the metric's bounds where it needs them."""
        if choice.family == "bounded":
            return cls(likelihood="bounded", bounds=bounds)
        return cls(likelihood=choice.family or "normal")

    @property
    def family(self) -> Family | None:
        """The family as the models name it; None for the normal one."""
        if self.likelihood == "normal":
            return None
        return self.likelihood


NORMAL = OutcomeLikelihood()


class NamedLikelihood(OutcomeLikelihood):
    """The likelihood of an outcome beside the primary one."""

    metric: MetricName


class Model(OutcomeLikelihood):
    """The model of a trial: likelihoods, and the priors that differ from trial to trial (docs/method.md).

    Attributes
    ----------
    other_outcomes : tuple[NamedLikelihood, ...] or None
        Of secondary outcomes and the negative control; those that are not named have the normal likelihood.
    """

    carry_over: CarryOverPrior | None = None
    effect_prior: Annotated[tuple[MixtureComponent, ...], Field(min_length=1, max_length=4)] = (
        MixtureComponent(weight=1, mean=0, sd=EFFECT_SD),
    )
    other_outcomes: Annotated[tuple[NamedLikelihood, ...], Field(min_length=1)] | None = None

    @classmethod
    def from_priors(
        cls,
        carry_over: CarryOver | None,
        prior: EffectPrior,
        rests_on: Sequence[str] = (),
        likelihood: OutcomeLikelihood | None = None,
        other_outcomes: Sequence[NamedLikelihood] = (),
    ) -> "Model":
        """The model with these priors; `rests_on` names the evidence behind each component of the effects' prior."""
        primary = likelihood or OutcomeLikelihood()
        evidence: Sequence[str | None] = rests_on or [None] * prior.components
        components = zip(prior.weights, prior.means, prior.sds, evidence, strict=True)
        carry_over_prior = None
        if carry_over:
            carry_over_prior = CarryOverPrior(alpha=carry_over.alpha, beta=carry_over.beta)
        effect_prior = []
        for weight, mean, sd, source in components:
            component = {"weight": weight, "mean": mean, "sd": sd, "rests_on": source}
            effect_prior.append(MixtureComponent.model_validate(component))
        return cls(
            likelihood=primary.likelihood,
            bounds=primary.bounds,
            other_outcomes=tuple(other_outcomes) or None,
            carry_over=carry_over_prior,
            effect_prior=tuple(effect_prior),
        )

    def likelihood_of(self, series: str, *, primary: bool) -> OutcomeLikelihood:
        """Likelihood of an outcome, by its name in the marts."""
        if primary:
            return OutcomeLikelihood(likelihood=self.likelihood, bounds=self.bounds)
        for likelihood in self.other_outcomes or ():
            if likelihood.metric.removeprefix(MEASURE) == series:
                return likelihood
        return OutcomeLikelihood()

    def carry_over_prior(self) -> CarryOver | None:
        """Prior of λ, as the models use it; None where the intervention acts within the day."""
        if self.carry_over is None:
            return None
        return CarryOver(self.carry_over.alpha, self.carry_over.beta)

    def prior(self) -> EffectPrior:
        """Prior of every arm's effect, as the models use it; the weights sum to 1."""
        components = self.effect_prior
        # Weights are rounded to six digits, so that their sum may differ from 1.
        total = sum(component.weight for component in components)
        return EffectPrior(
            tuple(component.weight / total for component in components),
            tuple(component.mean for component in components),
            tuple(component.sd for component in components),
        )
