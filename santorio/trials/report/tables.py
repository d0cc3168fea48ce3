"""The tables of a trial's report: the answer, its days, adherence, secondary outcomes, the prior."""

from collections import Counter

import numpy as np

from santorio.analyses.series import day_number
from santorio.metrics import label
from santorio.rendering.report import ReportTable
from santorio.rendering.text import as_given, capitalize_first, number, percent, with_unit
from santorio.stats.exact_posterior import ExactPosterior
from santorio.trials.analysis.preprocessing import MIN_DAYS_PER_ARM
from santorio.trials.protocol_model import MixtureComponent
from santorio.trials.report.data import ReportData, Result
from santorio.trials.report.estimates import amount_text, interval_text, p_value_text
from santorio.trials.report.interim_text import control_table, interim_table
from santorio.trials.report.posterior_summary import Posterior, StandardisedPosterior
from santorio.trials.report.text import adherence_text, exclusions_text, prior_conflict_text

NOT_RANDOMISED = (
    "Whether a day followed its arm was not randomised, so that the effect without some days is not a randomised "
    "comparison: the effect as assigned is the answer. Only days that are known not to have followed their arm are "
    "excluded; days without a record are included."
)

NORMAL_ERRORS = "“As followed” is computed with normal errors, an approximation here."

# The evidence behind a component of the prior. Protocols of earlier versions do not state it.
EVIDENCE_LABELS = {
    "association": "what your days suggested",
    "trial": "your earlier trial",
    "population": "trials of others here",
}


def report_tables(data: ReportData) -> list[ReportTable]:
    """Every table of a trial's report, the primary outcome first."""
    tables = [_effects_table(data)]
    if data.interim.done:
        tables.append(interim_table(data))
    tables += [_days_table(data), _adherence_table(data), _as_followed_table(data)]
    if data.run.control:
        tables.append(control_table(data.run.control))
    if data.run.secondary:
        tables.append(_secondary_table(data))
    tables.append(_prior_table(data))
    return tables


def _outcome_title(result: Result) -> str:
    return with_unit(capitalize_first(label(result.outcome)), result.unit)


def _effects_table(data: ReportData) -> ReportTable:
    results = data.run.primary
    delta = as_given(results[0].smallest_effect)
    headings = (
        "Effect",
        "95 % interval",
        "50 % interval",
        "Difference of plain means",
        f"Probability of more than {delta}",
        f"Probability within ±{delta}",
        f"Probability of less than −{delta}",
        "Repeats in another cycle",
        "Randomisation test, p",
        "Decision",
    )
    is_decided = data.stage == "ended"
    columns = [_effect_column(result, is_decided=is_decided) for result in results]
    comparisons = [f"{result.arm} against {result.reference_arm}" for result in results]
    # A result is a column: the rows are the headings, each with its cell of every result.
    rows = list(zip(headings, *columns, strict=True))
    if isinstance(data.posterior, StandardisedPosterior):
        # Below the absolute effect and its 95 % interval.
        rows.insert(2, _ratio_row(data.posterior, len(results)))
    return ReportTable(
        f"{_outcome_title(results[0])}: the answer",
        ("", *comparisons),
        rows,
        "The randomisation test draws the order of the arms again, by the scheme that drew it; it needs no model of "
        "days.",
    )


def _effect_column(result: Result, *, is_decided: bool) -> tuple[str, ...]:
    repeats = "one cycle"
    if result.probability_repeats is not None:
        repeats = percent(result.probability_repeats)
    decision = result.decision if is_decided else "none before the end"
    return (
        number(result.estimate, signed=True),
        interval_text(result.lower_95, result.upper_95),
        interval_text(result.lower_50, result.upper_50),
        number(result.raw_difference, signed=True),
        percent(result.probability_above),
        percent(result.probability_within),
        percent(result.probability_below),
        repeats,
        p_value_text(result.randomisation_p, missing="none possible"),
        decision,
    )


def _ratio_row(posterior: StandardisedPosterior, contrasts: int) -> tuple[str, ...]:
    cells = []
    for contrast in range(1, contrasts + 1):
        ratio, lower, upper = posterior.ratio(contrast)
        cells.append(f"{number(ratio)} ({interval_text(lower, upper)})")
    return (f"{capitalize_first(posterior.ratio_name)}, with its 95 % interval", *cells)


def _days_table(data: ReportData) -> ReportTable:
    posterior, result = data.posterior, data.run.primary[0]
    rows = []
    for index, arm in enumerate(posterior.arms):
        in_arm = (posterior.design.arm == index) & data.has_come
        values = posterior.outcome[in_arm & posterior.design.observed]
        days = int(in_arm.sum())
        missing = days - len(values)
        rows.append((arm, str(days), str(missing), f"{values.mean():.4g}", f"{values.std(ddof=1):.3g}"))
    return ReportTable(
        f"{_outcome_title(result)}: observed days",
        ("Arm", "Study days", "Without a value", "Mean", "SD"),
        rows,
        exclusions_text(data),
    )


def _adherence_table(data: ReportData) -> ReportTable:
    columns = ("Arm", "Study days so far", "Followed", "Not followed", "No record", "By data", "By report")
    rows = []
    for arm in data.posterior.arms:
        days = [day for day in data.adherence if day.arm == arm]
        done = Counter(day.done for day in days)
        known_by = Counter(day.known_by for day in days)
        counts = (len(days), done[True], done[False], done[None], known_by["data"], known_by["reported"])
        rows.append((arm, *map(str, counts)))
    return ReportTable("Adherence to the arms", columns, rows, adherence_text(data))


def _as_followed_table(data: ReportData) -> ReportTable:
    """The effect as assigned, and without the days that did not follow their arm."""
    rows = [_as_assigned_row(result) for result in data.run.primary]
    # `done` is None on days without a record: those are included.
    not_followed = [day_number(day.day) for day in data.adherence if day.done is False]
    as_followed = None
    if not_followed:
        as_followed = _posterior_without(data, not_followed)
    if as_followed is not None:
        for contrast, result in enumerate(data.run.primary, start=1):
            rows.append(_as_followed_row(data.posterior, result, as_followed, contrast, not_followed))
    note = _as_followed_note(data, not_followed, as_followed)
    delta = as_given(data.run.primary[0].smallest_effect)
    return ReportTable(
        "As assigned, and as followed",
        ("", "Effect", "95 % interval", f"More than {delta}", f"Less than −{delta}", "Days"),
        rows,
        note,
    )


def _as_followed_note(data: ReportData, not_followed: list[int], as_followed: ExactPosterior | None) -> str:
    if not not_followed:
        return "No study day is known not to have followed its arm: there is nothing to exclude."
    if as_followed is None:
        return (
            f"Without the days that did not follow their arm, an arm has fewer than {MIN_DAYS_PER_ARM} days."
        )
    if data.posterior.family is not None:
        return f"{NOT_RANDOMISED} {NORMAL_ERRORS}"
    return NOT_RANDOMISED


def _posterior_without(data: ReportData, excluded: list[int]) -> ExactPosterior | None:
    model = data.trial.preregistration.model
    return data.posterior.without(excluded, model.carry_over_prior(), model.prior())


def _as_assigned_row(result: Result) -> tuple[str, ...]:
    return (
        f"{result.arm}, as assigned",
        number(result.estimate, signed=True),
        interval_text(result.lower_95, result.upper_95),
        percent(result.probability_above),
        percent(result.probability_below),
        str(result.days_arm + result.days_reference),
    )


def _as_followed_row(
    posterior: Posterior, result: Result, as_followed: ExactPosterior, contrast: int, not_followed: list[int]
) -> tuple[str, ...]:
    name, spread = f"arm_{contrast}", posterior.spread
    # The exact posterior is of the standardised outcome.
    delta = result.smallest_effect / spread
    lower, upper = as_followed.interval_95(name)
    included = ~np.isin(posterior.design.day, not_followed) & posterior.design.observed
    in_contrast = np.isin(posterior.design.arm, [0, contrast])
    return (
        f"{result.arm}, without days not followed",
        number(spread * float(as_followed.mean(name)[0]), signed=True),
        interval_text(spread * lower, spread * upper),
        percent(1 - float(as_followed.below(name, delta)[0])),
        percent(float(as_followed.below(name, -delta)[0])),
        str(int((included & in_contrast).sum())),
    )


def _secondary_table(data: ReportData) -> ReportTable:
    return ReportTable(
        "Secondary outcomes",
        ("", "Effect", "95 % interval", "δ", "Above δ", "Within ±δ", "Below −δ", "Randomisation p"),
        [_secondary_row(result) for result in data.run.secondary],
        "The trial was not designed for these, and they decide nothing: among several, one stands out by chance alone.",
    )


def _secondary_row(result: Result) -> tuple[str, ...]:
    return (
        f"{capitalize_first(label(result.outcome))}: {result.arm}",
        amount_text(result.estimate, result.unit, signed=True),
        interval_text(result.lower_95, result.upper_95),
        as_given(result.smallest_effect),
        percent(result.probability_above),
        percent(result.probability_within),
        percent(result.probability_below),
        p_value_text(result.randomisation_p, missing="none"),
    )


def _prior_table(data: ReportData) -> ReportTable:
    """The weight of each component of the prior, before the data and after."""
    model = data.trial.preregistration.model
    prior, results = model.prior(), data.run.primary
    unit = results[0].unit
    weights_after = [data.posterior.prior_weights(contrast, prior) for contrast in range(1, len(results) + 1)]
    rows = []
    for index, component in enumerate(model.effect_prior):
        name = _component_name(component, is_last=index == prior.components - 1)
        component_text = _component_text(data.posterior, prior.means[index], prior.sds[index], unit)
        weights = [prior.weights[index], *(after[index] for after in weights_after)]
        rows.append((f"{name}: {component_text}", *(f"{100 * weight:.0f} %" for weight in weights)))
    # Arms with the same conclusion share a sentence.
    conflicts = dict.fromkeys(prior_conflict_text(prior, after.tolist()) for after in weights_after)
    headings = [f"Weight after, {result.arm}" for result in results]
    return ReportTable(
        "The prior, and its weights after the data",
        ("Component", "Weight before", *headings),
        rows,
        " ".join(conflicts),
    )


def _component_name(component: MixtureComponent, *, is_last: bool) -> str:
    """The evidence behind a component; where it is not stated, the last one is the weak one."""
    default = "weak" if is_last else "informative"
    return EVIDENCE_LABELS.get(component.rests_on or "", default)


def _component_text(posterior: Posterior, mean: float, sd: float, unit: str) -> str:
    """A component of the prior in the outcome's unit, from mean and SD in units of σ."""
    # On a scale that is not linear the two sides differ: the mean of both stands for the SD.
    above, below = posterior.in_unit(mean + sd), posterior.in_unit(mean - sd)
    return f"{number(posterior.in_unit(mean), signed=True)} ± {amount_text((above - below) / 2, unit)}"
