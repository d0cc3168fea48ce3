"""Comparison of an arm with the reference: each case, all cases pooled, the randomisation test, the decision."""

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
from santorio.studies.preprocessing import PreparedCase, dose_share
from santorio.studies.randomization import RandomizedCase, randomisation_test
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

# A, B and A again: fewer phases have one change of arm, or none.
MIN_PHASES = 3
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class ComparisonWithDensity:
    """One comparison, and the density of its effect."""

    comparison: Comparison
    density: tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class FittedOutcome:
    """One outcome of all cases, fitted.

    Attributes
    ----------
    prepared, fits : Sequence
        One per case.
    scale : Scale
        Of all cases together.
    delta : float
        δ, in the outcome's unit.
    doses : FloatArray or None
        All doses in increasing order; then there is one effect, that of the highest.
    """

    prepared: Sequence[PreparedCase]
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
    study: Study, outcome: OutcomeColumn, names: Sequence[str], fitted: FittedOutcome, contrast: int
) -> ComparisonWithDensity:
    """Compare an arm with the reference."""
    prepared, doses = fitted.prepared, fitted.doses
    arm, reference = _labels(study, names, doses, contrast)
    binary = outcome.kind == "binary"
    cases = []
    for prepared_case, fit in zip(prepared, fitted.fits, strict=True):
        case = _case(prepared_case, fit, contrast, names, fitted.delta, binary=binary)
        cases.append(case)
    posterior: PosteriorSummary
    scale: UnitScale
    if len(prepared) > 1:
        pooled = _pool(fitted, contrast)
        posterior, (scale, case_scales) = pooled, _scales(fitted)
        effect = _pooled_effect(fitted, pooled, scale, binary=binary)
        cases = _with_pooled_effects(fitted, cases, pooled, case_scales, binary=binary)
        heterogeneity = _heterogeneity(pooled)
    else:
        posterior, scale = _effect_posterior(prepared[0], fitted.fits[0], contrast)
        effect = cases[0].effect
        heterogeneity = None
    decision = _decide(study, outcome, prepared, effect)
    raw_differences = [_raw_difference(prepared_case, contrast) for prepared_case in prepared]
    dose = None
    if doses is not None:
        dose = _dose(effect, doses)
    comparison = Comparison(
        arm=arm,
        reference=reference,
        effect=effect,
        raw_difference=float(np.mean(raw_differences)),
        decision=decision,
        answer=answer_sentence(study, outcome, arm, reference, effect, decision, fitted.delta),
        randomisation=_test(study, fitted, contrast),
        cases=cases,
        between=heterogeneity,
        dose=dose,
    )
    return ComparisonWithDensity(comparison, density_of(posterior, scale))


def _labels(study: Study, names: Sequence[str], doses: FloatArray | None, contrast: int) -> tuple[str, str]:
    """Names of the arm and of the reference; with doses the highest and the lowest."""
    if doses is None:
        return names[contrast], names[0]
    highest = f"{study.dose_name} {doses[-1]:g} {study.dose_unit}"
    lowest = f"{doses[0]:g} {study.dose_unit}"
    return highest.rstrip(), lowest.rstrip()


def _effect_posterior(
    prepared: PreparedCase, fit: Fit | LatentPosterior, contrast: int
) -> tuple[PosteriorSummary, UnitScale]:
    """Posterior of an arm's effect in one case, and the scale that it is on."""
    if isinstance(fit, LatentPosterior):
        return fit.effect(contrast), OWN_UNIT
    return CustomPosterior(fit, f"arm_{contrast}"), prepared.scale


def _scales(fitted: FittedOutcome) -> tuple[UnitScale, Sequence[UnitScale]]:
    """Scale on which cases are pooled, of all together and of each."""
    tables = [fit.table() for fit in fitted.fits if isinstance(fit, LatentPosterior)]
    if tables:
        return mean_table(tables), tables
    return fitted.scale, [prepared_case.scale for prepared_case in fitted.prepared]


def _pooled_effect(
    fitted: FittedOutcome, posterior: PosteriorSummary, scale: UnitScale, *, binary: bool
) -> Effect:
    """Describe an effect that was pooled on the scale of the analysis, or on the link's scale."""
    effect = describe(posterior, scale, fitted.delta, binary=binary)
    if fitted.is_sampled:
        return with_ratio(effect, posterior, scale.name)
    return effect


def _with_pooled_effects(
    fitted: FittedOutcome,
    cases: Sequence[CaseAnswer],
    pooled: Pooled,
    scales: Sequence[UnitScale],
    *,
    binary: bool,
) -> list[CaseAnswer]:
    """Add to each case its effect after partial pooling."""
    answers = []
    moments = zip(pooled.case_means, pooled.case_sds, strict=True)
    for case, (mean, sd), scale in zip(cases, moments, scales, strict=True):
        effect = _pooled_effect(fitted, Normal(mean, sd), scale, binary=binary)
        answers.append(case.model_copy(update={"pooled_effect": effect}))
    return answers


def _decide(
    study: Study, outcome: OutcomeColumn, prepared: Sequence[PreparedCase], effect: Effect
) -> Decision:
    phases = max(prepared_case.series.phases for prepared_case in prepared)
    threshold = DECISION_THRESHOLD
    if not study.design.is_randomised and phases <= FEW_PHASES:
        # A single change of arm is not a comparison: anything else that changed meanwhile would look the same.
        if phases < MIN_PHASES:
            return "keep going"
        # Slow drift can follow four phases: without an effect, up to one study in six would decide at the usual
        # threshold; at this one, one in twenty-five (docs/studies.md).
        threshold = INTERIM_THRESHOLD
    return decide(
        effect.probability_above,
        effect.probability_within,
        effect.probability_below,
        outcome.direction,
        threshold=threshold,
    )


def _pool(fitted: FittedOutcome, contrast: int) -> Pooled:
    """Pool the effects of all cases, each as its rows alone estimate it.

    The pooled analysis has a prior of its own: the prior of a case's effect may not count once more for each case.
    """
    sampled = [fit for fit in fitted.fits if isinstance(fit, LatentPosterior)]
    if sampled:
        moments = np.array([likelihood_alone(fit, contrast) for fit in sampled])
        spread = float(np.mean([fit.sigma for fit in sampled]))
        return pool(moments[:, 0], moments[:, 1], spread)
    name = f"arm_{contrast}"
    means, sds = [], []
    for prepared_case in fitted.prepared:
        fit = fit_case(
            prepared_case.case,
            prepared_case.values,
            prepared_case.scale,
            carry_over=fitted.carry_over,
            effect_prior=FLAT_EFFECT_PRIOR,
        )
        means.append(fit.mean(name))
        sds.append(fit.sd(name))
    return pool(np.array(means), np.array(sds), fitted.scale.spread)


def _heterogeneity(pooled: Pooled) -> Heterogeneity:
    below = pooled.below(0.0, next_case=True)
    return Heterogeneity(
        sd=pooled.between_mean,
        lower_95=pooled.between_quantile(0.025),
        upper_95=pooled.between_quantile(0.975),
        probability_same_sign=_probability_same_sign(pooled.mean, below),
    )


def _probability_same_sign(mean: float, below: float) -> float:
    """Probability that a new effect has the sign of the mean; `below` is its probability below 0."""
    return 1 - below if mean > 0 else below


def _dose(effect: Effect, doses: FloatArray) -> DoseEffect:
    # The effect is that of the highest dose against the reference.
    span = float(doses[-1] - doses[0])
    return DoseEffect(
        highest=float(doses[-1]),
        reference=float(doses[0]),
        per_unit=effect.estimate / span,
        lower_95=effect.lower_95 / span,
        upper_95=effect.upper_95 / span,
    )


def _case(
    prepared: PreparedCase,
    fit: Fit | LatentPosterior,
    contrast: int,
    names: Sequence[str],
    delta: float,
    *,
    binary: bool,
) -> CaseAnswer:
    effect = describe(*_effect_posterior(prepared, fit, contrast), delta, binary=binary)
    carry_over: float | None = None
    if isinstance(fit, LatentPosterior):
        effect = with_ratio(effect, fit.link(contrast), fit.link_name)
        carry_over = fit.carry_over_mean
        # Its prior has one part.
        prior_weights = (1.0, 0.0)
    else:
        if fit.carry_over.any():
            carry_over = fit.carry_over_mean
        prior_weights = (1 - fit.wide_weight, fit.wide_weight)
    cycles, probability_repeats = _repetition(prepared, fit, contrast)
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


def _repetition(
    prepared: PreparedCase, fit: Fit | LatentPosterior, contrast: int
) -> tuple[list[CycleEffect], float | None]:
    """Effect in each cycle, and the probability that another cycle repeats its sign; one cycle has neither."""
    count = prepared.case.design.cycles
    if count <= 1:
        return [], None
    if isinstance(fit, LatentPosterior):
        return _sampled_cycles(fit, contrast), fit.probability_repeats(contrast)
    name = f"arm_{contrast}"
    below = fit.below(name, 0.0, next_cycle=True)
    return _cycles(fit, name, count, prepared.scale), _probability_same_sign(fit.mean(name), below)


def _sampled_cycles(fit: LatentPosterior, contrast: int) -> list[CycleEffect]:
    effects = []
    for number, cycle in enumerate(fit.cycles(contrast), 1):
        lower, upper = np.quantile(cycle.values, [0.025, 0.975])
        effects.append(
            CycleEffect(cycle=number, estimate=cycle.mean, lower_95=float(lower), upper_95=float(upper))
        )
    return effects


def _cycles(fit: Fit, name: str, cycles: int, scale: Scale) -> list[CycleEffect]:
    # A cycle's effect is the arm's effect and its departure in that cycle.
    sums = [{name: 1.0, f"{name}_cycle_{cycle}": 1.0} for cycle in range(cycles)]
    effects = []
    # The ends of each interval are transformed: on a logarithm it is not symmetric in the outcome's unit.
    for number, (mean, sd) in enumerate(fit.combinations(sums), 1):
        lower, upper = scale.in_unit(mean - NORMAL_95 * sd), scale.in_unit(mean + NORMAL_95 * sd)
        effects.append(
            CycleEffect(cycle=number, estimate=scale.in_unit(mean), lower_95=lower, upper_95=upper)
        )
    return effects


def arm_rows(names: Sequence[str], prepared: Sequence[PreparedCase]) -> list[ArmRows]:
    """Rows, mean and standard deviation of each arm over cases, in the outcome's unit."""
    rows = []
    for number, name in enumerate(names):
        parts = []
        assigned = 0
        for prepared_case in prepared:
            parts.append(prepared_case.observed[prepared_case.observed_arm == number])
            assigned += int((prepared_case.series.arm == number).sum())
        values = np.concatenate(parts)
        # With doses an arm may have no row in a case, or one.
        mean, sd = 0.0, 0.0
        if len(values):
            mean = float(values.mean())
        if len(values) > 1:
            sd = float(values.std(ddof=1))
        missing = assigned - len(values)
        rows.append(ArmRows(arm=name, rows=len(values), missing=missing, mean=mean, sd=sd))
    return rows


def _raw_difference(prepared: PreparedCase, contrast: int) -> float:
    """Difference of plain means; with doses the slope of a line times the highest dose."""
    if prepared.case.dose is not None:
        share = prepared.case.dose[prepared.case.design.observed]
        deviation = share - share.mean()
        return float(deviation @ prepared.observed / (deviation @ deviation))
    treated = prepared.observed[prepared.observed_arm == contrast]
    reference = prepared.observed[prepared.observed_arm == 0]
    return float(treated.mean() - reference.mean())


def _test(study: Study, fitted: FittedOutcome, contrast: int) -> RandomisationTest | None:
    shares = None
    if fitted.doses is not None:
        shares = dose_share(fitted.doses, fitted.doses)
    cases = [_test_case(prepared_case, fitted, contrast) for prepared_case in fitted.prepared]
    result = randomisation_test(study.design, cases, contrast, shares)
    if result is None:
        return None
    return RandomisationTest(
        p=result.p,
        lower_95=result.lower_95,
        upper_95=result.upper_95,
        schedules=result.schedules,
        complete=result.complete,
    )


def _test_case(prepared: PreparedCase, fitted: FittedOutcome, contrast: int) -> RandomizedCase:
    """One case for the randomisation test: its labels are arms, or numbers of doses."""
    series, dose = prepared.series, prepared.case.dose
    label, exposure = series.arm, (series.arm == contrast).astype(float)
    if fitted.doses is not None and series.dose is not None and dose is not None:
        label, exposure = np.searchsorted(fitted.doses, series.dose), dose
    scale = prepared.scale
    if fitted.is_sampled:
        # The test assumes no model, so it works in the unit in which the effect is reported.
        scale = Scale("natural", float(prepared.observed.mean()), float(prepared.observed.std()))
    residual = without_background(prepared.case, prepared.values, scale)
    return RandomizedCase(series.day, label, residual, exposure)
