"""The part of a report about interim analyses, an early end, and the outcome that no arm can change."""

from collections.abc import Sequence

from santorio.local_time import in_words
from santorio.metrics import label
from santorio.rendering.report import ReportTable
from santorio.rendering.text import as_given, capitalize_first, join_words, number, percent, plural
from santorio.trials.analysis.interim import KEEP_GOING, InterimAnalyses, InterimAnalysis, InterimResult
from santorio.trials.protocol_design import DecisionRule
from santorio.trials.report.data import ReportData, Result
from santorio.trials.report.estimates import (
    amount_text,
    effect_text,
    estimate_text,
    interval_text,
    p_value_text,
)

# Bassler et al. 2010, doi:10.1001/jama.2010.310: trials that were stopped early for benefit against others.
EARLY_STOP_CAVEAT = "Trials that end early overstate their effect on average."
CONTROL_VERDICTS = {
    "something found": "effect found: distrust the trial",
    "nothing found": "no effect found",
}


def planned_interim_text(rule: DecisionRule) -> str:
    """When there are interim analyses and which threshold they have, as a part of a sentence; empty without any."""
    if not rule.interim_days:
        return ""
    days = join_words([str(days) for days in rule.interim_days])
    return f"{percent(rule.interim_threshold or 0.0)} at an interim analysis after {days} study days"


def interim_sentence(analysis: InterimAnalysis) -> str:
    """The results of an interim analysis and what followed, in a sentence."""
    results = [_interim_result_text(analysis, result) for result in analysis.results]
    late = ""
    if analysis.is_late:
        days_late = (analysis.day - analysis.due_on).days
        late = f", {plural(days_late, 'day')} after it was due"
    analysed = f"analysed on {in_words(analysis.day)}{late}"
    return f"After {analysis.after_days} study days ({analysed}): {'. '.join(results)}."


def _interim_result_text(analysis: InterimAnalysis, result: InterimResult) -> str:
    probabilities = (
        f"“{result.arm}” above δ: {percent(result.probability_above)}, within ±δ: "
        f"{percent(result.probability_within)}, below −δ: {percent(result.probability_below)}"
    )
    if analysis.decisive:
        return f"{probabilities}; the trial ended: {result.decision}"
    return f"{probabilities}; the trial went on"


def correction_text(interim: InterimAnalyses) -> str:
    """What corrected data changed after an interim analysis had ended the trial; empty without a correction."""
    stop, corrected = interim.stop, interim.corrected
    if stop is None or corrected is None:
        return ""
    what = "Days up to the interim analysis that ended the trial were corrected or arrived after it. "
    if corrected.decisions == stop.decisions:
        return f"{what}With them the decision is the same."
    return (
        f"{what}The decision was: {_decisions_text(stop)}. With them, by the same threshold, it is: "
        f"{_decisions_text(corrected)}. The trial stays over all the same: only another trial can decide."
    )


def _decisions_text(analysis: InterimAnalysis) -> str:
    decisions = []
    for result in analysis.results:
        decision = result.decision
        if decision == KEEP_GOING:
            decision = "nothing that would have ended it"
        decisions.append(f"“{result.arm}”: {decision}")
    return "; ".join(decisions)


def interim_text(data: ReportData) -> str:
    """Item 7b: interim analyses, and the stopping rule."""
    preregistration = data.trial.preregistration
    at_end = f"one probability must reach {percent(preregistration.threshold)} after the last day."
    frozen = preregistration.frozen
    if frozen is None or not frozen.decision_rule.interim_days:
        return f"No interim analysis is planned: {at_end}"
    rule = frozen.decision_rule
    sentences = [f"Planned: it ends if one probability reaches {planned_interim_text(rule)}; else {at_end}"]
    sentences += [interim_sentence(analysis) for analysis in data.interim.done]
    if omitted := _omitted_interim_text(data, rule):
        sentences.append(omitted)
    sentences.append(
        "Results at other times decide nothing. How often interim analyses mislead was simulated (docs/method.md)."
    )
    return " ".join(sentences)


def _omitted_interim_text(data: ReportData, rule: DecisionRule) -> str:
    """Planned interim analyses that were not done: still to come, not needed any more, or without enough days."""
    # One that was due may have been skipped, where an arm had too few values.
    done = [analysis.after_days for analysis in data.interim.done]
    omitted = [days for days in rule.interim_days if days not in done]
    stop = data.interim.stop
    if stop is not None:
        omitted = [days for days in omitted if days > stop.after_days]
    if not omitted:
        return ""
    days = join_words([str(days) for days in omitted])
    if stop is not None:
        return f"No interim analysis was needed after {days} study days."
    if data.stage == "ended":
        return f"After {days} study days there were too few values for an analysis; the trial went on."
    return f"Not done yet: after {days} study days."


def end_text(data: ReportData) -> str:
    """Item 14b: why the trial ended."""
    if data.stage == "ended" and data.interim.stop is not None:
        return f"{early_end_text(data)} {_post_stop_text(data)}".strip()
    if data.stage == "ended":
        return "Its last study day was over."
    if data.stage == "abandoned":
        return f"Abandoned: {data.state.reason}."
    return "It has not ended."


def early_end_text(data: ReportData) -> str:
    """That the trial ended at an interim analysis, and why; empty where it did not."""
    stop, frozen = data.interim.stop, data.trial.preregistration.frozen
    if stop is None or frozen is None or data.stage != "ended":
        return ""
    planned = plural(data.planned_days, "study day")
    threshold = percent(frozen.decision_rule.interim_threshold or 0.0)
    return (
        f"This trial ended at a planned interim analysis, after {stop.after_days} of {planned}: one probability had "
        f"reached {threshold}."
    )


def _post_stop_text(data: ReportData) -> str:
    """The study days between the end of the data and their analysis, and what they would add."""
    if not data.post_stop_effects:
        return ""
    unit = data.run.primary[0].unit
    effects = []
    for effect in data.post_stop_effects:
        estimate = estimate_text(effect.estimate, effect.lower_95, effect.upper_95, unit)
        effects.append(f"“{effect.arm}” {estimate}")
    days = plural(data.post_stop_effects[0].days, "further study day")
    return (
        f"{days} had passed when the interim analysis was done: by the protocol they are not part of the answer. With "
        f"them it would be: {'; '.join(effects)}."
    )


def periods_started_text(data: ReportData) -> str:
    """Item 13a: the study days that were started and completed."""
    started = f"{data.elapsed_days} of {plural(data.planned_days, 'study day')} were started."
    stop = data.interim.stop
    if stop is None:
        return started
    return f"{started} The answer rests on the {stop.after_days} up to the interim analysis that ended the trial."


def interim_table(data: ReportData) -> ReportTable:
    """Every interim analysis: its results, and what followed."""
    delta = as_given(data.run.primary[0].smallest_effect)
    columns = (
        "After",
        "Analysed on",
        "Effect",
        "95 % interval",
        f"More than {delta}",
        f"Within ±{delta}",
        f"Less than −{delta}",
        "What followed",
    )
    rows = []
    for analysis in data.interim.done:
        rows += [_interim_row(analysis, result) for result in analysis.results]
    note = f"An interim analysis uses the study days up to it and no others. {correction_text(data.interim)}"
    return ReportTable("Interim analyses", columns, rows, note.strip())


def _interim_row(analysis: InterimAnalysis, result: InterimResult) -> tuple[str, ...]:
    what_followed = f"ended: {result.decision}" if analysis.decisive else "went on"
    return (
        f"{analysis.after_days} study days: {result.arm}",
        in_words(analysis.day),
        number(result.estimate, signed=True),
        interval_text(result.lower_95, result.upper_95),
        percent(result.probability_above),
        percent(result.probability_within),
        percent(result.probability_below),
        what_followed,
    )


def early_stop_caveat(data: ReportData) -> str:
    """What an early end does to an estimate; empty without one."""
    if data.interim.stop is None or data.stage != "ended":
        return ""
    return EARLY_STOP_CAVEAT


def control_text(result: Result) -> str:
    """The result for an outcome that the arm cannot change."""
    effect = effect_text(result)
    subject = f"Negative control: “{result.arm}” cannot change {label(result.outcome)}"
    if result.decision == "something found":
        return f"{subject}, and yet there is an effect on it: {effect}. Distrust this trial's answer."
    if result.decision == "nothing found":
        return f"{subject}, and as expected there is no effect on it: {effect}."
    return f"{subject}. So far: {effect}; it is judged at the end."


def control_texts(data: ReportData) -> list[str]:
    """The results of the negative control, a sentence for each arm; empty without one in the protocol."""
    control = data.trial.negative_control
    if control is None:
        return []
    if not data.run.control:
        return [
            f"The protocol names {label(control.series)} as a negative control; it has too few days to be judged."
        ]
    return [control_text(result) for result in data.run.control]


def control_warning_text(data: ReportData) -> str:
    """The warning that an effect on the negative control casts doubt on the answer; empty without one."""
    warnings = [control_text(result) for result in data.run.control if result.decision == "something found"]
    return " ".join(warnings)


def control_table(results: Sequence[Result]) -> ReportTable:
    """The results for the negative control."""
    return ReportTable(
        "Negative control",
        ("", "Effect", "95 % interval", "Randomisation p", "What it says"),
        [_control_row(result) for result in results],
        "No arm can change this outcome: an effect on it would show that the arms' days differ in something else, or "
        "that the data are wrong (Lipsitch et al. 2010). An effect is found where the 95 % interval excludes zero, "
        "which happens by chance in at most about one trial of twenty. It decides nothing.",
    )


def _control_row(result: Result) -> tuple[str, ...]:
    return (
        f"{capitalize_first(label(result.outcome))}: {result.arm}",
        amount_text(result.estimate, result.unit, signed=True),
        interval_text(result.lower_95, result.upper_95),
        p_value_text(result.randomisation_p, missing="none"),
        CONTROL_VERDICTS.get(result.decision, "judged at the end"),
    )
