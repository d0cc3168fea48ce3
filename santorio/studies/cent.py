"""The items of CENT 2015, the reporting guideline of N-of-1 trials, in the report of a study."""

import itertools
from collections.abc import Sequence

import numpy as np

from santorio.rendering.text import number
from santorio.studies.analysis import StudyAnalysis
from santorio.studies.dataset import Series
from santorio.studies.result import ArmRows, Comparison, OutcomeAnswer, StudyAnswer
from santorio.studies.text import case_prefix, decision_texts, ratio_text

# Items that list cases or changes of arm stay readable up to these many.
MAX_CASES_LISTED = 12
MAX_PHASES_LISTED = 200


def cent_items(analysis: StudyAnalysis) -> dict[str, str]:
    """Texts of the items by their number, such as 12a; empty ones are omitted."""
    answer, texts = analysis.answer, analysis.study.report
    primary = answer.outcomes[0]
    row = answer.data.row
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
        "12b": _synthesis(answer),
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
        "22": texts.interpretation or decision_texts(primary),
        "23": texts.registration,
        "24": texts.protocol or f"The study file, SHA-256 {answer.study_sha256}.",
        "25": texts.funding,
    }
    return {item: text for item, text in items.items() if text}


def _synthesis(answer: StudyAnswer) -> str:
    """Item 12b: how the cases were combined."""
    if len(answer.data.cases) > 1:
        return "A normal-normal hierarchy over cases; see 12a."
    return "One person: none."


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
    carry_over = "none"
    if half_life:
        carry_over = f"a half-life of {half_life:g} {row}s"
    return f"Correlation of a {row} with the next: {rho}. Period effects: a smooth trend. Carry-over: {carry_over}."


def _design_name(answer: StudyAnswer) -> str:
    kind = "single-case comparison"
    article = "a"
    # Only a randomised study may be called a trial.
    if answer.design.randomised:
        kind = "N-of-1 trial"
        article = "an"
    if len(answer.data.cases) > 1:
        return f"a series of {kind}s"
    return f"{article} {kind}"


def _outcome_definition(outcome: OutcomeAnswer) -> str:
    kind = outcome.kind
    if outcome.unit:
        kind += f", {outcome.unit}"
    role = "primary" if outcome.primary else "secondary"
    return (
        f"{outcome.label} ({kind}; {role}; smallest effect that matters "
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
    several = len(cases) > 1
    sequences = []
    for case in cases[:MAX_CASES_LISTED]:
        prefix = case_prefix(case.case, several=several)
        sequences.append(prefix + _phase_sequence(case, analysis.dataset.arms.names))
    return "; ".join(sequences) + "."


def _phase_sequence(case: Series, names: Sequence[str]) -> str:
    changes = (np.flatnonzero(np.diff(case.arm)) + 1).tolist()
    edges = [0, *changes, len(case.arm)]
    phases = []
    for start, end in itertools.pairwise(edges):
        phases.append(f"{names[case.arm[start]]} {end - start}")
    sequence = ", ".join(phases[:MAX_PHASES_LISTED])
    if len(phases) > MAX_PHASES_LISTED:
        sequence += " …"
    return sequence


def _binary(outcome: OutcomeAnswer) -> str | None:
    """Absolute and relative effects of a binary outcome, as CENT asks for both; None for any other."""
    if outcome.kind != "binary":
        return None
    reference, *others = outcome.arms
    plain = "; ".join(_plain_contrast(arm, reference) for arm in others)
    text = f"{plain} (plain means)."
    # An outcome that fell back to normal errors has no odds ratio.
    if outcome.likelihood == "binary":
        modelled = "; ".join(map(_odds_ratio_text, outcome.comparisons))
        text += f" {modelled} (the model's)."
    return text


def _odds_ratio_text(comparison: Comparison) -> str:
    return f"{comparison.arm}: odds ratio {ratio_text(comparison.effect)}"


def _plain_contrast(arm: ArmRows, reference: ArmRows) -> str:
    difference = number(100 * (arm.mean - reference.mean), signed=True)
    ratio = "not defined"
    if reference.mean > 0:
        ratio = f"{arm.mean / reference.mean:.2f}"
    return f"{arm.arm}: difference {difference} percentage points, ratio {ratio}"
