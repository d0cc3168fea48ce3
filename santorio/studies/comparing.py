"""One arm against the reference: each case's own answer, all of them pooled, the randomisation test, the decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from santorio.studies.answer import (
    ArmRows,
    Between,
    CaseAnswer,
    Comparison,
    CycleEffect,
    DoseEffect,
    Effect,
    RandomisationTest,
)
from santorio.studies.fitting import FLAT_EFFECT_PRIOR, Fit, Scale, fit_case, quantile_of, without_background
from santorio.studies.laws import Sampled, randomisation_test
from santorio.studies.pooling import Pooled, pool
from santorio.studies.preparing import Prepared
from santorio.studies.specification import OutcomeColumn, Study
from santorio.studies.wording import answer_sentence
from santorio.trials.columns import FloatArray
from santorio.trials.decisions import Decision, decide
from santorio.trials.priors import CarryOver

FEWEST_PHASES = 3
NORMAL_95 = 1.959964
DENSITY_POINTS = 241


class Belief(Protocol):
    """An effect on the scale of the analysis, as far as it is known."""

    @property
    def mean(self) -> float:
        """Posterior mean."""
        ...

    @property
    def sd(self) -> float:
        """Posterior standard deviation."""
        ...

    def below(self, value: float) -> float:
        """P(effect < value)."""
        ...


@dataclass(frozen=True)
class Own:
    """The belief about one coefficient of one case's fit."""

    fit: Fit
    name: str

    @property
    def mean(self) -> float:
        """Posterior mean."""
        return self.fit.mean(self.name)

    @property
    def sd(self) -> float:
        """Posterior standard deviation."""
        return self.fit.sd(self.name)

    def below(self, value: float) -> float:
        """P(effect < value)."""
        return self.fit.below(self.name, value)


@dataclass(frozen=True)
class Normal:
    """A belief that is taken to be normal."""

    mean: float
    sd: float

    def below(self, value: float) -> float:
        """P(effect < value)."""
        from scipy.special import ndtr

        return float(ndtr((value - self.mean) / self.sd))


def describe(belief: Belief, scale: Scale, delta: float, *, binary: bool = False) -> Effect:
    """Tell a belief in the outcome's unit; `delta` is in that unit too."""
    mean, sd = belief.mean, belief.sd
    at = {p: quantile_of(belief.below, mean, sd, p) for p in (0.025, 0.25, 0.5, 0.75, 0.975)}
    limit = 1.0 if binary else np.inf
    told = {p: float(np.clip(scale.in_unit(value), -limit, limit)) for p, value in at.items()}
    natural = scale.name == "natural"
    above, below = 1 - belief.below(scale.from_unit(delta)), belief.below(scale.from_unit(-delta))
    ratios = [100 * float(np.expm1(at[p])) for p in (0.5, 0.025, 0.975)]
    return Effect(
        estimate=float(np.clip(mean, -limit, limit)) if natural else told[0.5],
        lower_95=told[0.025],
        upper_95=told[0.975],
        lower_50=told[0.25],
        upper_50=told[0.75],
        probability_above=above,
        probability_within=max(0.0, 1 - above - below),
        probability_below=below,
        percent=(ratios[0], ratios[1], ratios[2]) if scale.name == "log" else None,
    )


def density_of(belief: Belief, scale: Scale) -> tuple[FloatArray, FloatArray]:
    """Density of an effect in the outcome's unit: where, and how much."""
    edges = belief.mean + belief.sd * np.linspace(-4.5, 4.5, DENSITY_POINTS)
    unit = np.array([scale.in_unit(float(edge)) for edge in edges])
    mass = np.diff([belief.below(float(edge)) for edge in edges])
    width = np.diff(unit)
    kept = width > 0
    return ((unit[:-1] + unit[1:]) / 2)[kept], mass[kept] / width[kept]


@dataclass(frozen=True)
class Compared:
    """One comparison, and the density of its effect."""

    comparison: Comparison
    density: tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Fitted:
    """One outcome of all cases, fitted.

    Attributes
    ----------
    prepared, fits : Sequence
        One a case.
    scale : Scale
        Of all cases together.
    delta : float
        δ, in the outcome's unit.
    doses : FloatArray or None
        All doses in increasing order; then there is one effect, that of the highest.
    """

    prepared: Sequence[Prepared]
    fits: Sequence[Fit]
    scale: Scale
    delta: float
    carry_over: CarryOver | None
    doses: FloatArray | None


def compare(
    study: Study, outcome: OutcomeColumn, names: Sequence[str], fitted: Fitted, contrast: int
) -> Compared:
    """Hold an arm against the reference."""
    prepared, fits, scale = fitted.prepared, fitted.fits, fitted.scale
    delta, doses = fitted.delta, fitted.doses
    binary = outcome.kind == "binary"
    name = f"arm_{contrast}"
    pooled = _pool(prepared, name, scale, fitted.carry_over) if len(prepared) > 1 else None
    belief: Belief = pooled if pooled is not None else Own(fits[0], name)
    effect = describe(belief, scale, delta, binary=binary)
    arm, reference = names[contrast], names[0]
    if doses is not None:
        unit = f" {study.dose_unit}" if study.dose_unit else ""
        arm, reference = f"{study.dose_name} {doses[-1]:g}{unit}", f"{doses[0]:g}{unit}"
    decision = _decide(study, outcome, prepared, effect)
    cases = [
        _case(one, fit, contrast, names, delta, binary=binary)
        for one, fit in zip(prepared, fits, strict=True)
    ]
    if pooled is not None:
        shrunk = [Normal(*pair) for pair in zip(pooled.case_means, pooled.case_sds, strict=True)]
        cases = [
            one.model_copy(update={"pooled_effect": describe(own, common, delta, binary=binary)})
            for one, own, common in zip(cases, shrunk, [each.scale for each in prepared], strict=True)
        ]
    return Compared(
        Comparison(
            arm=arm,
            reference=reference,
            effect=effect,
            raw_difference=float(np.mean([_raw_difference(one, contrast) for one in prepared])),
            decision=decision,
            answer=answer_sentence(study, outcome, arm, reference, effect, decision, delta),
            randomisation=_test(study, prepared, contrast, doses),
            cases=cases,
            between=_between(pooled) if pooled is not None else None,
            dose=_dose(effect, doses) if doses is not None else None,
        ),
        density_of(belief, scale),
    )


def _decide(study: Study, outcome: OutcomeColumn, prepared: Sequence[Prepared], effect: Effect) -> Decision:
    # Before and after is no comparison: whatever else changed meanwhile would look the same.
    if not study.design.is_randomised and max(one.series.phases for one in prepared) < FEWEST_PHASES:
        return "keep going"
    return decide(
        effect.probability_above, effect.probability_within, effect.probability_below, outcome.direction
    )


def _pool(prepared: Sequence[Prepared], name: str, scale: Scale, carry_over: CarryOver | None) -> Pooled:
    free = [
        fit_case(one.case, one.values, one.scale, carry_over=carry_over, effect_prior=FLAT_EFFECT_PRIOR)
        for one in prepared
    ]
    return pool(
        np.array([fit.mean(name) for fit in free]), np.array([fit.sd(name) for fit in free]), scale.spread
    )


def _between(pooled: Pooled) -> Between:
    above = 1 - pooled.below(0.0, next_case=True)
    return Between(
        sd=pooled.between_mean,
        lower_95=pooled.between_quantile(0.025),
        upper_95=pooled.between_quantile(0.975),
        probability_same_sign=above if pooled.mean > 0 else 1 - above,
    )


def _dose(effect: Effect, doses: FloatArray) -> DoseEffect:
    highest = float(doses[-1] - doses[0])
    return DoseEffect(
        highest=float(doses[-1]),
        reference=float(doses[0]),
        per_unit=effect.estimate / highest,
        lower_95=effect.lower_95 / highest,
        upper_95=effect.upper_95 / highest,
    )


def _case(
    one: Prepared, fit: Fit, contrast: int, names: Sequence[str], delta: float, *, binary: bool
) -> CaseAnswer:
    name = f"arm_{contrast}"
    cycles = one.case.design.cycles
    return CaseAnswer(
        case=one.series.case,
        arms=arm_rows(names, [one]),
        phases=one.series.phases,
        effect=describe(Own(fit, name), one.scale, delta, binary=binary),
        cycles=_cycles(fit, name, cycles, one.scale) if cycles > 1 else [],
        probability_repeats=_repeats(fit, name) if cycles > 1 else None,
        autocorrelation=fit.rho,
        carry_over=fit.carry_over_mean if fit.carry_over.any() else None,
        prior_weights=(1 - fit.wide_weight, fit.wide_weight),
        spread=fit.sigma,
    )


def _cycles(fit: Fit, name: str, cycles: int, scale: Scale) -> list[CycleEffect]:
    moments = fit.combinations([{name: 1.0, f"{name}_cycle_{cycle}": 1.0} for cycle in range(cycles)])
    return [
        CycleEffect(
            cycle=number,
            estimate=scale.in_unit(mean),
            lower_95=scale.in_unit(mean - NORMAL_95 * sd),
            upper_95=scale.in_unit(mean + NORMAL_95 * sd),
        )
        for number, (mean, sd) in enumerate(moments, 1)
    ]


def _repeats(fit: Fit, name: str) -> float:
    below = fit.below(name, 0.0, next_cycle=True)
    return 1 - below if fit.mean(name) > 0 else below


def arm_rows(names: Sequence[str], prepared: Sequence[Prepared]) -> list[ArmRows]:
    """Rows, mean and spread of each arm over cases, in the outcome's unit."""
    rows = []
    for number, name in enumerate(names):
        values = np.concatenate([one.known[one.known_arm == number] for one in prepared])
        every = sum(int((one.series.arm == number).sum()) for one in prepared)
        rows.append(
            ArmRows(
                arm=name,
                rows=len(values),
                missing=every - len(values),
                mean=float(values.mean()) if len(values) else 0.0,
                sd=float(values.std(ddof=1)) if len(values) > 1 else 0.0,
            )
        )
    return rows


def _raw_difference(one: Prepared, contrast: int) -> float:
    """Difference of plain means; with doses the slope of a line times the highest dose."""
    if one.case.dose is not None:
        share = one.case.dose[one.case.design.known]
        away = share - share.mean()
        return float(away @ one.known / (away @ away))
    return float(one.known[one.known_arm == contrast].mean() - one.known[one.known_arm == 0].mean())


def _test(
    study: Study, prepared: Sequence[Prepared], contrast: int, doses: FloatArray | None
) -> RandomisationTest | None:
    cases, shares = [], None
    for one in prepared:
        label, exposure = one.series.arm, (one.series.arm == contrast).astype(float)
        if doses is not None and one.series.dose is not None and one.case.dose is not None:
            label, exposure = np.searchsorted(doses, one.series.dose), one.case.dose
            shares = (doses - doses[0]) / (doses[-1] - doses[0])
        left = without_background(one.case, one.values, one.scale)
        cases.append(Sampled(one.series.day, label, left, exposure))
    tested = randomisation_test(study.design, cases, contrast, shares)
    if tested is None:
        return None
    return RandomisationTest(
        p=tested.p,
        lower_95=tested.lower_95,
        upper_95=tested.upper_95,
        schedules=tested.schedules,
        complete=tested.complete,
    )
