"""The report of a study: its answer as text, tables and figures, in the layout of a trial's report."""

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np

from santorio.arrays import FloatArray
from santorio.rendering.charts import CaseRows, Interval, plot_effect, plot_forest, plot_rows
from santorio.rendering.report import Report, ReportFigure, ReportTable, render_report
from santorio.rendering.text import decision_text, number, percent, with_unit
from santorio.studies.analysis import StudyAnalysis
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

MAX_PANELS = 8
# Items of CENT that list cases or changes of arm stay readable up to these many.
MAX_CASES_LISTED = 12
MAX_PHASES_LISTED = 200
DECIDED_BEFORE_UNSTATED = "Not stated: the criteria of the decision may have been chosen afterwards."
DECIDED_AFTER_UNSTATED = (
    "Not stated. The summary of readings and the scale are chosen from the data without regard to the arms."
)


def report_of(analysis: StudyAnalysis, generated_at: dt.datetime | None = None) -> str:
    """Write the report of a study as one HTML page."""
    answer = analysis.answer
    primary = answer.outcomes[0]
    comparison = primary.comparisons[0]
    texts = analysis.study.report
    return render_report(
        Report(
            title=answer.title,
            question=answer.question,
            answer=answer.answer,
            meaning=f"{_decision_texts(primary)} {answer.design.said}",
            figures=_figures(analysis),
            tables=list(itertools.chain.from_iterable(_tables(outcome) for outcome in answer.outcomes)),
            checks=_checks(answer, comparison),
            decided_before=texts.decided_before or DECIDED_BEFORE_UNSTATED,
            decided_after=texts.decided_after or DECIDED_AFTER_UNSTATED,
            cent=_cent(analysis),
            hashes={"study file": answer.study_sha256, **answer.data.sha256},
            versions=answer.versions,
            generated_at=generated_at or dt.datetime.now(dt.UTC),
        )
    )


def _decision_texts(outcome: OutcomeAnswer) -> str:
    """What the decisions mean, each text once."""
    return " ".join(dict.fromkeys(decision_text(comparison.decision) for comparison in outcome.comparisons))


def _label(name: str, outcome: OutcomeAnswer) -> str:
    if outcome.kind == "binary":
        return with_unit(name, "share of rows")
    return with_unit(name, outcome.unit)


def _figures(analysis: StudyAnalysis) -> list[ReportFigure]:
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
    parts = [
        weight * np.exp(-0.5 * (at / (sd * spread)) ** 2) / (sd * spread * np.sqrt(2 * np.pi))
        for weight, sd in EFFECT_PRIOR
    ]
    return np.asarray(sum(parts))


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
    name = _label(outcome.label, outcome)
    means = ReportTable(
        f"{name}: rows as they are",
        ("Arm", "Rows", "Missing or excluded", "Mean", "SD"),
        [
            (arm.arm, str(arm.rows), str(arm.missing), f"{arm.mean:.4g}", f"{arm.sd:.3g}")
            for arm in outcome.arms
        ],
        outcome.summary,
    )
    contrasts = [f"{comparison.arm} against {comparison.reference}" for comparison in outcome.comparisons]
    columns = [_effect_rows(outcome), *map(_effect_values, outcome.comparisons)]
    effects = ReportTable(
        f"{name}: effects",
        ("", *contrasts),
        list(zip(*columns, strict=True)),
        f"The smallest effect that matters is {number(outcome.smallest_effect)}, {outcome.smallest_effect_from}.",
    )
    return [means, effects]


def _effect_rows(outcome: OutcomeAnswer) -> list[str]:
    """Headings of the rows of the table of effects; `_effect_values` has their values in the same order."""
    delta = number(outcome.smallest_effect)
    test_interval = "Its 95 % interval"
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


def _ratio_values(effect: Effect) -> list[str]:
    if effect.odds_ratio is not None:
        ratio, lower, upper = effect.odds_ratio
        return [f"{number(ratio)} ({number(lower)} to {number(upper)})"]
    if effect.percent is not None:
        percent, lower, upper = effect.percent
        return [f"{number(percent, signed=True)} % ({number(lower)} to {number(upper)})"]
    return []


def _effect_values(comparison: Comparison) -> list[str]:
    effect, test = comparison.effect, comparison.randomisation
    return [
        number(effect.estimate, signed=True),
        f"{number(effect.lower_95)} to {number(effect.upper_95)}",
        *_ratio_values(effect),
        number(comparison.raw_difference, signed=True),
        percent(effect.probability_above),
        percent(effect.probability_within),
        percent(effect.probability_below),
        f"{test.p:.2g}" if test else "none possible",
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
    for case in comparison.cases:
        prefix = f"{case.case}: " if len(comparison.cases) > 1 else ""
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
    if case.prior_weights[1] > 0.5:
        checks.append("the effect is larger than the prior expected: its wide component took over.")
    if case.carry_over is not None:
        checks.append(
            f"{100 * case.carry_over:.0f} % of the effective exposure carries over to the next {row}."
        )
    return checks


def _cent(analysis: StudyAnalysis) -> dict[str, str]:
    """Items of CENT 2015, the reporting guideline of N-of-1 trials, by their number; empty ones are omitted."""
    answer, texts = analysis.answer, analysis.study.report
    primary = answer.outcomes[0]
    row = answer.data.row
    several = len(answer.data.cases) > 1
    phases = _phase_counts(primary.comparisons[0])
    row_counts = _row_counts(primary, row)
    items: dict[str, str | None] = {
        "1a": f"{answer.title}: {_design_name(answer)}.",
        "1b": texts.abstract or answer.answer,
        "2a": texts.background,
        "2b": answer.question,
        "3a": f"{answer.design.said} {phases}. Washout: {answer.design.washout} {row}s after a change.",
        "3b": texts.decided_after,
        "4a": texts.participant,
        "4b": texts.setting,
        "4c": texts.ethics,
        "5": texts.intervention or f"Arms: {', '.join(analysis.dataset.arms.names)}.",
        "6a": "; ".join(map(_outcome_definition, answer.outcomes)) + ".",
        "7a": f"{answer.data.rows} {row}s. {texts.decided_before or ''}".strip(),
        "8a": answer.design.said,
        "8b": _restrictions(analysis),
        "8c": _allocation_sequence(analysis),
        "11a": texts.blinding,
        "12a": answer.method,
        "12b": "A normal-normal hierarchy over cases; see 12a." if several else "One person: none.",
        "12c": _dependence(answer, primary.comparisons[0]),
        "13a": f"{phases}.",
        "13b": f"{row_counts}.",
        "14a": f"From {answer.data.first} to {answer.data.last}.",
        "15": _reference_level(primary),
        "16": f"{row_counts}.",
        "17a": _answers([primary]),
        "17b": _binary(primary),
        "18": _answers(answer.outcomes[1:]),
        "19": texts.harms,
        "20": texts.limitations or " ".join(warning.text for warning in answer.warnings),
        "21": texts.generalisability,
        "22": texts.interpretation or _decision_texts(primary),
        "23": texts.registration,
        "24": texts.protocol or f"The study file, SHA-256 {answer.study_sha256}.",
        "25": texts.funding,
    }
    return {item: text for item, text in items.items() if text}


def _answers(outcomes: Sequence[OutcomeAnswer]) -> str:
    comparisons = itertools.chain.from_iterable(outcome.comparisons for outcome in outcomes)
    return " ".join(comparison.answer for comparison in comparisons)


def _phase_counts(comparison: Comparison) -> str:
    cases = comparison.cases[:MAX_CASES_LISTED]
    return "; ".join(f"{case.phases} phases without a change of arm" for case in cases)


def _row_counts(outcome: OutcomeAnswer, row: str) -> str:
    return "; ".join(f"{arm.arm}: {arm.rows} {row}s analysed, {arm.missing} not" for arm in outcome.arms)


def _reference_level(outcome: OutcomeAnswer) -> str:
    reference = outcome.arms[0]
    return f"{reference.arm}: mean {reference.mean:.4g}, SD {reference.sd:.3g}."


def _dependence(answer: StudyAnswer, comparison: Comparison) -> str:
    row, half_life = answer.data.row, answer.design.half_life
    cases = comparison.cases[:MAX_CASES_LISTED]
    rho = "; ".join(f"{case.autocorrelation[0]:.2f}" for case in cases)
    carry_over = f"a half-life of {half_life:g} {row}s" if half_life else "none"
    return f"Correlation of a {row} with the next: {rho}. Period effects: a smooth trend. Carry-over: {carry_over}."


def _design_name(answer: StudyAnswer) -> str:
    several = len(answer.data.cases) > 1
    if answer.design.randomised:
        return "a series of N-of-1 trials" if several else "an N-of-1 trial"
    return "a series of single-case comparisons" if several else "a single-case comparison"


def _outcome_definition(outcome: OutcomeAnswer) -> str:
    unit = f", {outcome.unit}" if outcome.unit else ""
    role = "primary" if outcome.primary else "secondary"
    return (
        f"{outcome.label} ({outcome.kind}{unit}; {role}; smallest effect that matters "
        f"{number(outcome.smallest_effect)}, {outcome.smallest_effect_from})"
    )


def _restrictions(analysis: StudyAnalysis) -> str:
    design = analysis.study.design
    limits = [
        ("periods of", design.period),
        ("blocks of", design.block),
        ("no run above", design.max_run),
        ("no phase below", design.min_per_phase),
    ]
    stated = [f"{name} {limit}" for name, limit in limits if limit]
    return ", ".join([f"Scheme: {design.scheme}", *stated]) + "."


def _allocation_sequence(analysis: StudyAnalysis) -> str:
    """Arms in their order, each with its number of rows."""
    cases = analysis.dataset.cases
    sequences = []
    for case in cases[:MAX_CASES_LISTED]:
        prefix = f"{case.case}: " if len(cases) > 1 else ""
        sequences.append(prefix + _phase_sequence(case, analysis.dataset.arms.names))
    return "; ".join(sequences) + "."


def _phase_sequence(case: Series, names: Sequence[str]) -> str:
    changes = (np.flatnonzero(np.diff(case.arm)) + 1).tolist()
    edges = [0, *changes, len(case.arm)]
    phases = [f"{names[case.arm[start]]} {end - start}" for start, end in itertools.pairwise(edges)]
    more = " …" if len(phases) > MAX_PHASES_LISTED else ""
    return ", ".join(phases[:MAX_PHASES_LISTED]) + more


def _binary(outcome: OutcomeAnswer) -> str | None:
    """Absolute and relative effects of a binary outcome, as CENT asks for both; None for any other."""
    if outcome.kind != "binary":
        return None
    reference, *others = outcome.arms
    plain = "; ".join(_plain_contrast(arm, reference) for arm in others)
    modelled = "; ".join(
        f"{comparison.arm}: odds ratio {_ratio_values(comparison.effect)[0]}"
        for comparison in outcome.comparisons
        if comparison.effect.odds_ratio is not None
    )
    text = f"{plain} (plain means)."
    return f"{text} {modelled} (the model's)." if modelled else text


def _plain_contrast(arm: ArmRows, reference: ArmRows) -> str:
    difference = number(100 * (arm.mean - reference.mean), signed=True)
    ratio = f"{arm.mean / reference.mean:.2f}" if reference.mean > 0 else "not defined"
    return f"{arm.arm}: difference {difference} percentage points, ratio {ratio}"
