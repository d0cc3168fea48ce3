"""The report of a study: its answer put into the words, tables and drawings of a trial's report."""

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np

from santorio.arrays import FloatArray
from santorio.rendering.charts import CaseRows, Interval, plot_effect, plot_forest, plot_rows
from santorio.rendering.report import Report, ReportFigure, ReportTable, render_report
from santorio.rendering.text import decision_text, number, percent
from santorio.studies.analysis import StudyAnalysis
from santorio.studies.dataset import Dataset
from santorio.studies.gaussian_fit import EFFECT_PRIOR
from santorio.studies.result import Comparison, Effect, OutcomeAnswer, StudyAnswer

MAX_PANELS = 8


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
            meaning=f"{_judged(primary)} {answer.design.said}",
            figures=_figures(analysis),
            tables=[table for outcome in answer.outcomes for table in _tables(outcome)],
            checks=_checks(answer, comparison),
            decided_before=texts.decided_before
            or "Not stated: what the study is judged by may have been chosen afterwards.",
            decided_after=texts.decided_after
            or "Nothing is stated. The summary of readings and the scale are found from "
            "the data without a look at the arms.",
            cent=_cent(analysis),
            hashes={"study file": answer.study_sha256, **answer.data.sha256},
            versions=answer.versions,
            generated_at=generated_at or dt.datetime.now(dt.UTC),
        )
    )


def _judged(outcome: OutcomeAnswer) -> str:
    return " ".join(dict.fromkeys(decision_text(comparison.decision) for comparison in outcome.comparisons))


def _with_unit(name: str, outcome: OutcomeAnswer) -> str:
    unit = "share of rows" if outcome.kind == "binary" else outcome.unit
    return f"{name} ({unit})" if unit else name


def _figures(analysis: StudyAnalysis) -> list[ReportFigure]:
    answer, dataset = analysis.answer, analysis.dataset
    primary = answer.outcomes[0]
    figures = [_rows_figure(dataset, primary, answer)]
    for comparison in primary.comparisons:
        figures.append(_effect_figure(analysis, primary, comparison))
        figures += _interval_figures(primary, comparison)
    return figures


def _rows_figure(dataset: Dataset, outcome: OutcomeAnswer, answer: StudyAnswer) -> ReportFigure:
    shown = dataset.cases[:MAX_PANELS]
    several = len(dataset.cases) > 1
    rows = [
        CaseRows(case.case if several else "", case.day, case.arm, case.outcomes[outcome.column])
        for case in shown
    ]
    dated = dataset.dated and shown[0].weekly
    image = plot_rows(
        rows,
        dataset.arms.names,
        _with_unit(outcome.label, outcome),
        answer.data.row.capitalize(),
        dated=dated,
    )
    left = (
        f" {len(dataset.cases) - len(shown)} more cases are not drawn."
        if len(shown) < len(dataset.cases)
        else ""
    )
    return ReportFigure(
        f"Every {answer.data.row}",
        image,
        f"{outcome.label} of every {answer.data.row}, from {answer.data.first} to {answer.data.last}. Each arm has "
        f"its own marker; shaded stretches are not the reference; lines are the arms' means.{left}",
    )


def _effect_figure(analysis: StudyAnalysis, outcome: OutcomeAnswer, comparison: Comparison) -> ReportFigure:
    at, density = analysis.density[outcome.column, comparison.arm]
    effect = comparison.effect
    prior = None
    if outcome.scale == "natural" and len(comparison.cases) == 1:
        prior = _prior(at, comparison.cases[0].spread)
    told = Interval(
        f"{comparison.arm} against {comparison.reference}", effect.estimate, effect.lower_95, effect.upper_95
    )
    return ReportFigure(
        f"The effect of {comparison.arm}",
        plot_effect(at, density, prior, outcome.smallest_effect, told, _with_unit("Effect", outcome)),
        f"What is believed of the effect after the data. It is more than {number(outcome.smallest_effect)} with a "
        f"probability of {percent(effect.probability_above)}, less than −{number(outcome.smallest_effect)} with "
        f"{percent(effect.probability_below)}, and between with {percent(effect.probability_within)}.",
    )


def _prior(at: FloatArray, spread: float) -> FloatArray:
    parts = [
        weight * np.exp(-0.5 * (at / (sd * spread)) ** 2) / (sd * spread * np.sqrt(2 * np.pi))
        for weight, sd in EFFECT_PRIOR
    ]
    return np.asarray(sum(parts))


def _interval_figures(outcome: OutcomeAnswer, comparison: Comparison) -> list[ReportFigure]:
    effect = comparison.effect
    figures = []
    label = _with_unit("Effect", outcome)
    whole = Interval("all together", effect.estimate, effect.lower_95, effect.upper_95, bold=True)
    if len(comparison.cases) > 1:
        each = [
            Interval(case.case, case.effect.estimate, case.effect.lower_95, case.effect.upper_95)
            for case in comparison.cases
        ]
        figures.append(
            ReportFigure(
                f"{comparison.arm}: each case", plot_forest([*each, whole], outcome.smallest_effect, label),
                "Each case's own answer with its 95 % interval, and all of them pooled below.",
            )
        )  # fmt: skip
    elif comparison.cases[0].cycles:
        each = [
            Interval(f"cycle {cycle.cycle}", cycle.estimate, cycle.lower_95, cycle.upper_95)
            for cycle in comparison.cases[0].cycles
        ]
        repeats = comparison.cases[0].probability_repeats or 0.0
        figures.append(
            ReportFigure(
                f"{comparison.arm}: does it repeat?", plot_forest([*each, whole], outcome.smallest_effect, label),
                f"The effect in each cycle, and over all. In one more cycle it would go the same way with "
                f"a probability of {percent(repeats)}.",
            )
        )  # fmt: skip
    return figures


def _tables(outcome: OutcomeAnswer) -> list[ReportTable]:
    name = _with_unit(outcome.label, outcome)
    means = ReportTable(
        f"{name}: rows as they are",
        ("Arm", "Rows", "Missing or left out", "Mean", "SD"),
        [
            (arm.arm, str(arm.rows), str(arm.missing), f"{arm.mean:.4g}", f"{arm.sd:.3g}")
            for arm in outcome.arms
        ],
        outcome.summary,
    )
    delta = number(outcome.smallest_effect)
    effects = ReportTable(
        f"{name}: effects",
        ("", *(f"{comparison.arm} against {comparison.reference}" for comparison in outcome.comparisons)),
        list(
            zip(
                *([_measures(outcome)] + [_measured(comparison) for comparison in outcome.comparisons]),
                strict=True,
            )
        ),
        f"The smallest effect that matters is {delta}, {outcome.smallest_effect_from}.",
    )
    return [means, effects]


def _measures(outcome: OutcomeAnswer) -> list[str]:
    delta = number(outcome.smallest_effect)
    return [
        "Effect", "95 % interval", *_ratios(outcome), "Difference of plain means", f"Probability of more than {delta}",
        f"Probability within ±{delta}", f"Probability of less than −{delta}", "Randomisation test, p",
        "Its 95 % interval" + (", on the scale of the analysis" if outcome.likelihood == "normal" else ""), "Decision",
    ]  # fmt: skip


def _ratios(outcome: OutcomeAnswer) -> list[str]:
    """What an effect is told as beside its unit."""
    effect = outcome.comparisons[0].effect
    if effect.odds_ratio is not None:
        return ["Odds ratio, 95 % interval"]
    return ["In percent, 95 % interval"] if effect.percent is not None else []


def _as_ratio(effect: Effect) -> list[str]:
    if effect.odds_ratio is not None:
        ratio, lower, upper = effect.odds_ratio
        return [f"{number(ratio)} ({number(lower)} to {number(upper)})"]
    if effect.percent is not None:
        percent, lower, upper = effect.percent
        return [f"{number(percent, signed=True)} % ({number(lower)} to {number(upper)})"]
    return []


def _measured(comparison: Comparison) -> list[str]:
    effect, test = comparison.effect, comparison.randomisation
    inverted = "none"
    if test is not None and test.lower_95 is not None and test.upper_95 is not None:
        inverted = f"{number(test.lower_95)} to {number(test.upper_95)}"
    return [
        number(effect.estimate, signed=True),
        f"{number(effect.lower_95)} to {number(effect.upper_95)}",
        *_as_ratio(effect),
        number(comparison.raw_difference, signed=True),
        percent(effect.probability_above),
        percent(effect.probability_within),
        percent(effect.probability_below),
        f"{test.p:.2g}" if test else "none possible",
        inverted,
        comparison.decision,
    ]


def _checks(answer: StudyAnswer, comparison: Comparison) -> Sequence[str]:
    checks = [warning.text for warning in answer.warnings]
    for case in comparison.cases:
        whose = f"{case.case}: " if len(comparison.cases) > 1 else ""
        rho, lower, upper = case.autocorrelation
        checks.append(
            f"{whose}the correlation of a {answer.data.row} with the one before is {rho:.2f} (95 % interval "
            f"{lower:.2f} to {upper:.2f}); the model takes it into account."
        )
        if case.prior_weights[1] > 0.5:
            checks.append(
                f"{whose}the effect is larger than was expected beforehand: the prior's wide part took over."
            )
        if case.carry_over is not None:
            checks.append(
                f"{whose}{100 * case.carry_over:.0f} % of what is felt carries over to the next {answer.data.row}."
            )
    test = comparison.randomisation
    if test is not None:
        kind = "all that the scheme admits" if test.complete else "drawn by the scheme"
        checks.append(f"Randomisation test: p = {test.p:.2g} from {test.schedules} schedules, {kind}.")
    return checks


def _cent(analysis: StudyAnalysis) -> dict[str, str]:
    answer, study = analysis.answer, analysis.study
    primary, texts = answer.outcomes[0], study.report
    comparison = primary.comparisons[0]
    several = len(answer.data.cases) > 1
    word = answer.data.row
    rho = "; ".join(f"{case.autocorrelation[0]:.2f}" for case in comparison.cases[:12])
    counts = "; ".join(f"{arm.arm}: {arm.rows} {word}s analysis, {arm.missing} not" for arm in primary.arms)
    defined = "; ".join(_defined(outcome) for outcome in answer.outcomes)
    phases = "; ".join(f"{case.phases} stretches without a change of arm" for case in comparison.cases[:12])
    carry = f"a half-life of {answer.design.half_life:g} {word}s" if answer.design.half_life else "none"
    told: dict[str, str | None] = {
        "1a": f"{answer.title}: {_design_name(answer)}.",
        "1b": texts.abstract or answer.answer,
        "2a": texts.background,
        "2b": answer.question,
        "3a": f"{answer.design.said} {phases}. Washout: {answer.design.washout} {word}s after a change.",
        "3b": texts.decided_after,
        "4a": texts.participant,
        "4b": texts.setting,
        "4c": texts.ethics,
        "5": texts.intervention or f"Arms: {', '.join(analysis.dataset.arms.names)}.",
        "6a": f"{defined}.",
        "7a": f"{answer.data.rows} {word}s. {texts.decided_before or ''}".strip(),
        "8a": answer.design.said,
        "8b": _restrictions(analysis),
        "8c": _order(analysis),
        "11a": texts.blinding,
        "12a": answer.method,
        "12b": "A normal-normal hierarchy over cases; see 12a." if several else "One person: none.",
        "12c": f"Correlation of a {word} with the next: {rho}. Period effects: a smooth trend. Carry-over: {carry}.",
        "13a": f"{phases}.",
        "13b": f"{counts}.",
        "14a": f"From {answer.data.first} to {answer.data.last}.",
        "15": "; ".join(f"{arm.arm}: mean {arm.mean:.4g}, SD {arm.sd:.3g}" for arm in primary.arms[:1]) + ".",
        "16": f"{counts}.",
        "17a": " ".join(comparison.answer for comparison in primary.comparisons),
        "17b": _binary(primary),
        "18": " ".join(
            comparison.answer for outcome in answer.outcomes[1:] for comparison in outcome.comparisons
        )
        or None,
        "19": texts.harms,
        "20": texts.limitations or " ".join(warning.text for warning in answer.warnings) or None,
        "21": texts.generalisability,
        "22": texts.interpretation
        or " ".join(dict.fromkeys(decision_text(comparison.decision) for comparison in primary.comparisons)),
        "23": texts.registration,
        "24": texts.protocol or f"The study file, SHA-256 {answer.study_sha256}.",
        "25": texts.funding,
    }
    return {item: text for item, text in told.items() if text}


def _design_name(answer: StudyAnswer) -> str:
    several = len(answer.data.cases) > 1
    if answer.design.randomised:
        return "a series of N-of-1 trials" if several else "an N-of-1 trial"
    return "a series of single-case comparisons" if several else "a single-case comparison"


def _defined(outcome: OutcomeAnswer) -> str:
    unit = f", {outcome.unit}" if outcome.unit else ""
    role = "primary" if outcome.primary else "secondary"
    return (
        f"{outcome.label} ({outcome.kind}{unit}; {role}; smallest effect that matters "
        f"{number(outcome.smallest_effect)}, {outcome.smallest_effect_from})"
    )


def _restrictions(analysis: StudyAnalysis) -> str:
    design = analysis.study.design
    parts = [f"Scheme: {design.scheme}"]
    parts += [f"periods of {design.period}"] if design.period else []
    parts += [f"blocks of {design.block}"] if design.block else []
    parts += [f"no run above {design.max_run}"] if design.max_run else []
    parts += [f"no phase below {design.min_per_phase}"] if design.min_per_phase else []
    return ", ".join(parts) + "."


def _order(analysis: StudyAnalysis) -> str:
    names = analysis.dataset.arms.names
    told = []
    for case in analysis.dataset.cases[:12]:
        edges = [0, *(np.flatnonzero(np.diff(case.arm)) + 1).tolist(), len(case.arm)]
        runs = [f"{names[case.arm[a]]} {b - a}" for a, b in itertools.pairwise(edges)]
        whose = f"{case.case}: " if len(analysis.dataset.cases) > 1 else ""
        told.append(whose + ", ".join(runs[:200]) + (" …" if len(runs) > 200 else ""))
    return "; ".join(told) + "."


def _binary(outcome: OutcomeAnswer) -> str | None:
    if outcome.kind != "binary":
        return None
    means = {arm.arm: arm.mean for arm in outcome.arms}
    reference = outcome.arms[0]
    told = []
    for name, mean in list(means.items())[1:]:
        ratio = f"{mean / reference.mean:.2f}" if reference.mean > 0 else "not defined"
        told.append(
            f"{name}: difference {number(100 * (mean - reference.mean), signed=True)} percentage points, ratio {ratio}"
        )
    modelled = "; ".join(
        f"{comparison.arm}: odds ratio {_as_ratio(comparison.effect)[0]}"
        for comparison in outcome.comparisons
        if comparison.effect.odds_ratio is not None
    )
    return "; ".join(told) + " (plain means)." + (f" {modelled} (the model's)." if modelled else "")
