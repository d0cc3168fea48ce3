"""The report of a study: its answer as text, tables and figures, in the layout of a trial's report."""

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np

from santorio.arrays import FloatArray
from santorio.rendering.charts import CaseRows, Interval, plot_effect, plot_forest, plot_rows
from santorio.rendering.report import Report, ReportFigure, ReportTable, render_report
from santorio.rendering.text import number, percent, with_unit
from santorio.studies.analysis import StudyAnalysis
from santorio.studies.cent import cent_items
from santorio.studies.dataset import Dataset, Series
from santorio.studies.gaussian_fit import EFFECT_PRIOR
from santorio.studies.result import (
    ArmRows,
    CaseAnswer,
    Comparison,
    CycleEffect,
    Effect,
    OutcomeAnswer,
    RandomisationTest,
    StudyAnswer,
)
from santorio.studies.text import case_prefix, decision_texts, ratio_text

# Of the figure of all rows; its caption says how many cases it omits.
MAX_PANELS = 8
DECIDED_BEFORE_UNSTATED = "Not stated: the criteria of the decision may have been chosen afterwards."
DECIDED_AFTER_UNSTATED = (
    "Not stated. The summary of readings and the scale are chosen from the data without regard to the arms."
)


def report_of(analysis: StudyAnalysis, generated_at: dt.datetime | None = None) -> str:
    """Write the report of a study as one HTML page.

    Parameters
    ----------
    generated_at
        Instant of the footer, in UTC; now by default. The same study and instant give the same page.
    """
    answer = analysis.answer
    primary = answer.outcomes[0]
    comparison = primary.comparisons[0]
    texts = analysis.study.report
    return render_report(
        Report(
            title=answer.title,
            question=answer.question,
            answer=answer.answer,
            meaning=f"{decision_texts(primary)} {answer.design.said}",
            figures=_figures(analysis),
            tables=list(itertools.chain.from_iterable(map(_tables, answer.outcomes))),
            checks=_checks(answer, comparison),
            decided_before=texts.decided_before or DECIDED_BEFORE_UNSTATED,
            decided_after=texts.decided_after or DECIDED_AFTER_UNSTATED,
            cent=cent_items(analysis),
            hashes={"study file": answer.study_sha256, **answer.data.sha256},
            versions=answer.versions,
            generated_at=generated_at or dt.datetime.now(dt.UTC),
        )
    )


def _label(name: str, outcome: OutcomeAnswer) -> str:
    """Name with the unit of the outcome; values of a binary outcome are averaged to shares."""
    if outcome.kind == "binary":
        return with_unit(name, "share of rows")
    return with_unit(name, outcome.unit)


def _figures(analysis: StudyAnalysis) -> list[ReportFigure]:
    """Figures of the first outcome: its rows, and for each comparison the effect and its intervals."""
    answer, dataset = analysis.answer, analysis.dataset
    primary = answer.outcomes[0]
    figures = [_rows_figure(dataset, primary, answer)]
    for comparison in primary.comparisons:
        figures.append(_effect_figure(analysis, primary, comparison))
        figures += _interval_figures(primary, comparison)
    return figures


def _rows_figure(dataset: Dataset, outcome: OutcomeAnswer, answer: StudyAnswer) -> ReportFigure:
    row = answer.data.row
    shown = dataset.cases[:MAX_PANELS]
    image = plot_rows(
        _case_rows(dataset, shown, outcome.column),
        dataset.arms.names,
        _label(outcome.label, outcome),
        row.capitalize(),
        dated=dataset.dated and shown[0].weekly,
    )
    caption = (
        f"{outcome.label} of every {row}, from {answer.data.first} to {answer.data.last}. Each arm has "
        "its own marker; shaded phases are not the reference; lines are the arms' means."
    )
    omitted = len(dataset.cases) - len(shown)
    if omitted:
        caption += f" {omitted} more cases are not drawn."
    return ReportFigure(f"Every {row}", image, caption)


def _case_rows(dataset: Dataset, shown: Sequence[Series], column: str) -> list[CaseRows]:
    several = len(dataset.cases) > 1
    rows = []
    for case in shown:
        title = case.case if several else ""
        rows.append(CaseRows(title, case.day, case.arm, case.outcomes[column]))
    return rows


def _effect_figure(analysis: StudyAnalysis, outcome: OutcomeAnswer, comparison: Comparison) -> ReportFigure:
    at, density = analysis.density[outcome.column, comparison.arm]
    effect = comparison.effect
    prior = None
    # On another scale, or pooled over cases, the prior has no simple density in the outcome's unit.
    if outcome.scale == "natural" and len(comparison.cases) == 1:
        prior = _prior_density(at, comparison.cases[0].spread)
    interval = _interval(f"{comparison.arm} against {comparison.reference}", effect)
    delta = number(outcome.smallest_effect)
    return ReportFigure(
        f"The effect of {comparison.arm}",
        plot_effect(at, density, prior, outcome.smallest_effect, interval, _label("Effect", outcome)),
        f"Posterior distribution of the effect. It is more than {delta} with a probability of "
        f"{percent(effect.probability_above)}, less than −{delta} with {percent(effect.probability_below)}, and "
        f"between with {percent(effect.probability_within)}.",
    )


def _prior_density(at: FloatArray, spread: float) -> FloatArray:
    """Density of the effect's prior, a mixture of normals around 0 in units of a row's standard deviation."""
    density = np.zeros_like(at)
    for weight, relative_sd in EFFECT_PRIOR:
        sd = relative_sd * spread
        density += weight * np.exp(-0.5 * (at / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
    return density


def _interval(label: str, effect: Effect | CycleEffect, *, bold: bool = False) -> Interval:
    return Interval(label, effect.estimate, effect.lower_95, effect.upper_95, bold=bold)


def _interval_figures(outcome: OutcomeAnswer, comparison: Comparison) -> list[ReportFigure]:
    """Forest plots below the effect: over the cases of a series, or over the cycles of one case."""
    if len(comparison.cases) > 1:
        return [_cases_figure(outcome, comparison)]
    if comparison.cases[0].cycles:
        return [_cycles_figure(outcome, comparison)]
    return []


def _cases_figure(outcome: OutcomeAnswer, comparison: Comparison) -> ReportFigure:
    intervals = [_interval(case.case, case.effect) for case in comparison.cases]
    pooled = _interval("all together", comparison.effect, bold=True)
    return ReportFigure(
        f"{comparison.arm}: each case",
        plot_forest([*intervals, pooled], outcome.smallest_effect, _label("Effect", outcome)),
        "Each case's own effect with its 95 % interval, and the pooled effect below.",
    )


def _cycles_figure(outcome: OutcomeAnswer, comparison: Comparison) -> ReportFigure:
    case = comparison.cases[0]
    intervals = [_interval(f"cycle {cycle.cycle}", cycle) for cycle in case.cycles]
    overall = _interval("all together", comparison.effect, bold=True)
    repeats = percent(case.probability_repeats or 0.0)
    return ReportFigure(
        f"{comparison.arm}: does it repeat?",
        plot_forest([*intervals, overall], outcome.smallest_effect, _label("Effect", outcome)),
        "The effect in each cycle, and over all. In one more cycle it would have the same sign with a probability of "
        f"{repeats}.",
    )


def _tables(outcome: OutcomeAnswer) -> list[ReportTable]:
    """The plain means of the arms, and the effects of all comparisons side by side."""
    name = _label(outcome.label, outcome)
    means = ReportTable(
        f"{name}: rows as they are",
        ("Arm", "Rows", "Missing or excluded", "Mean", "SD"),
        [_arm_values(arm) for arm in outcome.arms],
        outcome.summary,
    )
    contrasts = []
    columns = [_effect_rows(outcome)]
    for comparison in outcome.comparisons:
        contrasts.append(f"{comparison.arm} against {comparison.reference}")
        columns.append(_effect_values(comparison))
    effects = ReportTable(
        f"{name}: effects",
        ("", *contrasts),
        list(zip(*columns, strict=True)),
        f"The smallest effect that matters is {number(outcome.smallest_effect)}, {outcome.smallest_effect_from}.",
    )
    return [means, effects]


def _arm_values(arm: ArmRows) -> tuple[str, ...]:
    return arm.arm, str(arm.rows), str(arm.missing), f"{arm.mean:.4g}", f"{arm.sd:.3g}"


def _effect_rows(outcome: OutcomeAnswer) -> list[str]:
    """Headings of the rows of the table of effects; `_effect_values` has their values in the same order."""
    delta = number(outcome.smallest_effect)
    test_interval = "Its 95 % interval"
    # With a likelihood of its own, the outcome is tested in the unit in which its effect is reported.
    if outcome.likelihood == "normal":
        test_interval += ", on the scale of the analysis"
    return [
        "Effect",
        "95 % interval",
        *_ratio_rows(outcome),
        "Difference of plain means",
        f"Probability of more than {delta}",
        f"Probability within ±{delta}",
        f"Probability of less than −{delta}",
        "Randomisation test, p",
        test_interval,
        "Decision",
    ]


def _ratio_rows(outcome: OutcomeAnswer) -> list[str]:
    """Heading of the effect as a ratio, where the scale of the analysis has one."""
    effect = outcome.comparisons[0].effect
    if effect.odds_ratio is not None:
        return ["Odds ratio, 95 % interval"]
    if effect.percent is not None:
        return ["In percent, 95 % interval"]
    return []


def _effect_values(comparison: Comparison) -> list[str]:
    effect, test = comparison.effect, comparison.randomisation
    p_value = "none possible"
    if test is not None:
        p_value = f"{test.p:.2g}"
    ratio = ratio_text(effect)
    ratios = [] if ratio is None else [ratio]
    return [
        number(effect.estimate, signed=True),
        f"{number(effect.lower_95)} to {number(effect.upper_95)}",
        *ratios,
        number(comparison.raw_difference, signed=True),
        percent(effect.probability_above),
        percent(effect.probability_within),
        percent(effect.probability_below),
        p_value,
        _test_interval(test),
        comparison.decision,
    ]


def _test_interval(test: RandomisationTest | None) -> str:
    """Interval that inverts the randomisation test; with too few schedules there is none."""
    if test is None or test.lower_95 is None or test.upper_95 is None:
        return "none"
    return f"{number(test.lower_95)} to {number(test.upper_95)}"


def _checks(answer: StudyAnswer, comparison: Comparison) -> Sequence[str]:
    checks = [warning.text for warning in answer.warnings]
    several = len(comparison.cases) > 1
    for case in comparison.cases:
        prefix = case_prefix(case.case, several=several)
        checks += [prefix + text for text in _case_checks(case, answer.data.row)]
    test = comparison.randomisation
    if test is not None:
        origin = "all that the scheme admits" if test.complete else "drawn by the scheme"
        checks.append(f"Randomisation test: p = {test.p:.2g} from {test.schedules} schedules, {origin}.")
    return checks


def _case_checks(case: CaseAnswer, row: str) -> list[str]:
    rho, lower, upper = case.autocorrelation
    interval = f"95 % interval {lower:.2f} to {upper:.2f}"
    checks = [
        f"the correlation of a {row} with the previous one is {rho:.2f} ({interval}); the model takes it into account."
    ]
    # The wide component begins with a weight of 0.2: more than half of it now means that the data asked for it.
    if case.prior_weights[1] > 0.5:
        checks.append("the effect is larger than the prior expected: its wide component took over.")
    if case.carry_over is not None:
        checks.append(
            f"{100 * case.carry_over:.0f} % of the effective exposure carries over to the next {row}."
        )
    return checks
