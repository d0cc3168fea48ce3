"""One arm against the reference: each case's own answer, all of them pooled, the randomisation test, the decision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.decisions import DECISION_THRESHOLD, INTERIM_THRESHOLD, Decision, decide
from santorio.stats.effect_priors import CarryOver
from santorio.stats.latent_posterior import LatentPosterior, mean_table
from santorio.stats.meta_analysis import Pooled, pool
from santorio.studies.checks import FEW_PHASES
from santorio.studies.gaussian_fit import FLAT_EFFECT_PRIOR, Fit, Scale, fit_case, without_background
from santorio.studies.posterior_summary import (
    OWN_UNIT,
    CustomPosterior,
    Normal,
    PosteriorSummary,
    UnitScale,
    density_of,
    describe,
    with_ratio,
)
from santorio.studies.preprocessing import Prepared
from santorio.studies.randomization import Sampled, randomisation_test
from santorio.studies.result import (
    ArmRows,
    CaseAnswer,
    Comparison,
    CycleEffect,
    DoseEffect,
    Effect,
    Heterogeneity,
    RandomisationTest,
)
from santorio.studies.sampled_fit import likelihood_alone
from santorio.studies.spec import OutcomeColumn, Study
from santorio.studies.text import answer_sentence

MIN_PHASES = 3
NORMAL_95 = 1.959964


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
    fits: Sequence[Fit | LatentPosterior]
    scale: Scale
    delta: float
    carry_over: CarryOver | None
    doses: FloatArray | None

    @property
    def is_sampled(self) -> bool:
        """Whether the outcome has a likelihood of its own."""
        return isinstance(self.fits[0], LatentPosterior)


def compare(
    study: Study, outcome: OutcomeColumn, names: Sequence[str], fitted: Fitted, contrast: int
) -> Compared:
    """Hold an arm against the reference."""
    prepared, delta, doses = fitted.prepared, fitted.delta, fitted.doses
    binary = outcome.kind == "binary"
    arm, reference = names[contrast], names[0]
    if doses is not None:
        unit = f" {study.dose_unit}" if study.dose_unit else ""
        arm, reference = f"{study.dose_name} {doses[-1]:g}{unit}", f"{doses[0]:g}{unit}"
    cases = [
        _case(prepared_case, fit, contrast, names, delta, binary=binary)
        for prepared_case, fit in zip(prepared, fitted.fits, strict=True)
    ]
    pooled = _pool(fitted, contrast) if len(prepared) > 1 else None
    belief: PosteriorSummary
    scale: UnitScale
    if pooled is None:
        effect = cases[0].effect
        belief, scale = _own(prepared[0], fitted.fits[0], contrast)
    else:
        belief, (scale, own_scales) = pooled, _scales(fitted)
        effect = _described(fitted, pooled, scale, binary=binary)
        shrunk = [Normal(*pair) for pair in zip(pooled.case_means, pooled.case_sds, strict=True)]
        cases = [
            case.model_copy(update={"pooled_effect": _described(fitted, own, each, binary=binary)})
            for case, own, each in zip(cases, shrunk, own_scales, strict=True)
        ]
    decision = _decide(study, outcome, prepared, effect)
    return Compared(
        Comparison(
            arm=arm,
            reference=reference,
            effect=effect,
            raw_difference=float(
                np.mean([_raw_difference(prepared_case, contrast) for prepared_case in prepared])
            ),
            decision=decision,
            answer=answer_sentence(study, outcome, arm, reference, effect, decision, delta),
            randomisation=_test(study, fitted, contrast),
            cases=cases,
            between=_between(pooled) if pooled is not None else None,
            dose=_dose(effect, doses) if doses is not None else None,
        ),
        density_of(belief, scale),
    )


def _own(prepared: Prepared, fit: Fit | LatentPosterior, contrast: int) -> tuple[PosteriorSummary, UnitScale]:
    """Posterior of an arm's effect in one case, and the scale that it is on."""
    if isinstance(fit, LatentPosterior):
        return fit.effect(contrast), OWN_UNIT
    return CustomPosterior(fit, f"arm_{contrast}"), prepared.scale


def _scales(fitted: Fitted) -> tuple[UnitScale, Sequence[UnitScale]]:
    """Scale on which cases are pooled, of all together and of each."""
    tables = [fit.table() for fit in fitted.fits if isinstance(fit, LatentPosterior)]
    if tables:
        return mean_table(tables), tables
    return fitted.scale, [prepared_case.scale for prepared_case in fitted.prepared]


def _described(fitted: Fitted, belief: PosteriorSummary, scale: UnitScale, *, binary: bool) -> Effect:
    """Tell a pooled belief."""
    effect = describe(belief, scale, fitted.delta, binary=binary)
    return with_ratio(effect, belief, scale.name) if fitted.is_sampled else effect


def _decide(study: Study, outcome: OutcomeColumn, prepared: Sequence[Prepared], effect: Effect) -> Decision:
    phases = max(prepared_case.series.phases for prepared_case in prepared)
    threshold = DECISION_THRESHOLD
    if not study.design.is_randomised and phases <= FEW_PHASES:
        # Before and after is no comparison: whatever else changed meanwhile would look the same.
        if phases < MIN_PHASES:
            return "keep going"
        # Four phases without an effect lead to a decision in up to one of six at the usual threshold, as what drifts
        # slowly may well go along with them; at this one in one of twenty-five (docs/studies.md).
        threshold = INTERIM_THRESHOLD
    return decide(
        effect.probability_above,
        effect.probability_within,
        effect.probability_below,
        outcome.direction,
        threshold=threshold,
    )


def _pool(fitted: Fitted, contrast: int) -> Pooled:
    sampled = [fit for fit in fitted.fits if isinstance(fit, LatentPosterior)]
    if sampled:
        moments = np.array([likelihood_alone(fit, contrast) for fit in sampled])
        spread = float(np.mean([fit.sigma for fit in sampled]))
        return pool(moments[:, 0], moments[:, 1], spread)
    free = [
        fit_case(
            prepared_case.case,
            prepared_case.values,
            prepared_case.scale,
            carry_over=fitted.carry_over,
            effect_prior=FLAT_EFFECT_PRIOR,
        )
        for prepared_case in fitted.prepared
    ]
    name = f"arm_{contrast}"
    return pool(
        np.array([fit.mean(name) for fit in free]),
        np.array([fit.sd(name) for fit in free]),
        fitted.scale.spread,
    )


def _between(pooled: Pooled) -> Heterogeneity:
    above = 1 - pooled.below(0.0, next_case=True)
    return Heterogeneity(
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
    prepared: Prepared,
    fit: Fit | LatentPosterior,
    contrast: int,
    names: Sequence[str],
    delta: float,
    *,
    binary: bool,
) -> CaseAnswer:
    effect = describe(*_own(prepared, fit, contrast), delta, binary=binary)
    repeats = prepared.case.design.cycles > 1
    if isinstance(fit, LatentPosterior):
        effect = with_ratio(effect, fit.link(contrast), fit.link_name)
        cycles = _sampled_cycles(fit, contrast) if repeats else []
        probability_repeats = fit.probability_repeats(contrast) if repeats else None
        carry_over, prior_weights = fit.carry_over_mean, (1.0, 0.0)
    else:
        cycles = (
            _cycles(fit, f"arm_{contrast}", prepared.case.design.cycles, prepared.scale) if repeats else []
        )
        probability_repeats = _repeats(fit, f"arm_{contrast}") if repeats else None
        carry_over = fit.carry_over_mean if fit.carry_over.any() else None
        prior_weights = (1 - fit.wide_weight, fit.wide_weight)
    return CaseAnswer(
        case=prepared.series.case,
        arms=arm_rows(names, [prepared]),
        phases=prepared.series.phases,
        effect=effect,
        cycles=cycles,
        probability_repeats=probability_repeats,
        autocorrelation=fit.rho,
        carry_over=carry_over,
        prior_weights=prior_weights,
        spread=fit.sigma,
    )


def _sampled_cycles(fit: LatentPosterior, contrast: int) -> list[CycleEffect]:
    found = []
    for number, cycle in enumerate(fit.cycles(contrast), 1):
        lower, upper = np.quantile(cycle.values, [0.025, 0.975])
        found.append(
            CycleEffect(cycle=number, estimate=cycle.mean, lower_95=float(lower), upper_95=float(upper))
        )
    return found


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
        values = np.concatenate(
            [prepared_case.observed[prepared_case.observed_arm == number] for prepared_case in prepared]
        )
        every = sum(int((prepared_case.series.arm == number).sum()) for prepared_case in prepared)
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


def _raw_difference(prepared: Prepared, contrast: int) -> float:
    """Difference of plain means; with doses the slope of a line times the highest dose."""
    if prepared.case.dose is not None:
        share = prepared.case.dose[prepared.case.design.observed]
        away = share - share.mean()
        return float(away @ prepared.observed / (away @ away))
    return float(
        prepared.observed[prepared.observed_arm == contrast].mean()
        - prepared.observed[prepared.observed_arm == 0].mean()
    )


def _test(study: Study, fitted: Fitted, contrast: int) -> RandomisationTest | None:
    cases, shares, doses = [], None, fitted.doses
    for prepared_case in fitted.prepared:
        label, exposure = prepared_case.series.arm, (prepared_case.series.arm == contrast).astype(float)
        if (
            doses is not None
            and prepared_case.series.dose is not None
            and prepared_case.case.dose is not None
        ):
            label, exposure = np.searchsorted(doses, prepared_case.series.dose), prepared_case.case.dose
            shares = (doses - doses[0]) / (doses[-1] - doses[0])
        # It assumes no model of the rows, so that what is told in the outcome's unit is tested in it.
        scale = (
            Scale("natural", float(prepared_case.observed.mean()), float(prepared_case.observed.std()))
            if fitted.is_sampled
            else prepared_case.scale
        )
        left = without_background(prepared_case.case, prepared_case.values, scale)
        cases.append(Sampled(prepared_case.series.day, label, left, exposure))
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
