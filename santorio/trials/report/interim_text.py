"""A report's words on planned looks, on an end at one of them, and on an outcome that no arm can change."""

from collections.abc import Sequence

from santorio.local_time import in_words
from santorio.metrics import label
from santorio.rendering.report import ReportTable
from santorio.rendering.text import as_given, join_words, number, percent, plural
from santorio.trials.analysis.interim import GOES_ON, InterimAnalyses, InterimAnalysis, InterimResult
from santorio.trials.protocol import DecisionRule
from santorio.trials.report.data import ReportData, Result

# Bassler et al. 2010, doi:10.1001/jama.2010.310: trials that were stopped early for benefit against others.
OVERSTATES = "Trials that end early overstate their effect on average."


def planned_interim_text(rule: DecisionRule) -> str:
    """When it is looked at and what decides there, as a part of a sentence; empty without looks."""
    if not rule.interim_days:
        return ""
    days = join_words([str(one) for one in rule.interim_days])
    return f"{percent(rule.interim_threshold or 0.0)} at a look after {days} study days"


def interim_sentence(look: InterimAnalysis) -> str:
    """What was found at a look and what followed, in a sentence."""
    followed = ". ".join(_followed(look, one) for one in look.found)
    late = f", {plural((look.day - look.due_on).days, 'day')} after it was due" if look.is_late else ""
    return f"After {look.after_days} study days (analysed on {in_words(look.day)}{late}): {followed}."


def _followed(look: InterimAnalysis, one: InterimResult) -> str:
    found = (
        f"“{one.arm}” above δ: {percent(one.probability_above)}, within ±δ: {percent(one.probability_within)}, below "
        f"−δ: {percent(one.probability_below)}"
    )
    return f"{found}; it ended: {one.decision}" if look.decisive else f"{found}; it went on"


def correction_text(looks: InterimAnalyses) -> str:
    """What a correction of the data changed after a look had ended the trial; empty where there was none."""
    stop, now = looks.stop, looks.corrected
    if stop is None or now is None:
        return ""
    told = "Days up to the look that ended the trial were corrected or arrived after it. "
    if now.decisions == stop.decisions:
        return f"{told}Judged again with them, the decision is the same."
    before, after = _decided(stop), _decided(now)
    return (
        f"{told}At the look it was decided: {before}. Judged again with them, by the same threshold: {after}. The "
        "trial stays over all the same: another one would have to answer."
    )


def _decided(look: InterimAnalysis) -> str:
    said = {GOES_ON: "nothing that would have ended it"}
    return "; ".join(f"“{one.arm}”: {said.get(one.decision, one.decision)}" for one in look.found)


def interim_text(account: ReportData, threshold: float) -> str:
    """Item 7b: looks before the end, and the rule of stopping."""
    frozen = account.trial.preregistration.frozen
    at_end = f"one probability must reach {percent(threshold)} after the last day."
    if frozen is None or not frozen.decision_rule.interim_days:
        return f"No look before the end decides: {at_end}"
    told = [
        f"Planned: it ends if one probability reaches {planned_interim_text(frozen.decision_rule)}; else {at_end}",
        *(interim_sentence(one) for one in account.looks.done),
        *_left(account),
        "What is computed at other times decides nothing. How often looks mislead was simulated (docs/method.md).",
    ]
    return " ".join(told)


def _left(account: ReportData) -> list[str]:
    """Planned looks that were not done: to come, needed no more, or without enough days."""
    frozen, stop = account.trial.preregistration.frozen, account.looks.stop
    done = {one.after_days for one in account.looks.done}
    left = [days for days in (frozen.decision_rule.interim_days if frozen else ()) if days not in done]
    if not left:
        return []
    days = join_words([str(one) for one in left])
    if stop is not None:
        after = [one for one in left if one > stop.after_days]
        return (
            [f"No look was needed after {join_words([str(one) for one in after])} study days."]
            if after
            else []
        )
    if account.stage == "ended":
        return [f"After {days} study days nothing could be judged; it went on."]
    return [f"Not done yet: after {days} study days."]


def end_text(account: ReportData) -> str:
    """Item 14b: why it ended."""
    stop = account.looks.stop
    if stop is not None and account.stage == "ended":
        return f"{early_end_text(account)} {_post_stop_text(account)}".strip()
    if account.stage == "ended":
        return "Its last study day was over."
    if account.stage == "given up":
        return f"Given up: {account.state.reason}."
    return "It has not ended."


def early_end_text(account: ReportData) -> str:
    """That it ended at a planned look, with what is to be known of that; empty where it did not."""
    stop, frozen = account.looks.stop, account.trial.preregistration.frozen
    if stop is None or frozen is None or account.stage != "ended":
        return ""
    return (
        f"This trial ended at a planned look, after {stop.after_days} of {plural(account.planned_days, 'study day')}: "
        f"one probability had reached {percent(frozen.decision_rule.interim_threshold or 0.0)}."
    )


def _post_stop_text(account: ReportData) -> str:
    """Study days that were lived between the look and its analysis, and what they would add."""
    if not account.post_stop_effects:
        return ""
    unit = account.run.primary[0].unit
    effects = "; ".join(
        f"“{one.arm}” {number(one.estimate, signed=True)} {unit}".rstrip()
        + f" (95 % interval {number(one.lower_95)} to {number(one.upper_95)})"
        for one in account.post_stop_effects
    )
    return (
        f"{plural(account.post_stop_effects[0].days, 'study day')} more had been lived when the look was analysed: by "
        f"the protocol they are no part of the answer. With them it would be: {effects}."
    )


def periods_started_text(account: ReportData) -> str:
    """Item 13a: periods that were begun and completed."""
    said = f"{account.lived_days} of {plural(account.planned_days, 'study day')} were begun."
    stop = account.looks.stop
    return f"{said} Judged are the {stop.after_days} up to the look that ended it." if stop else said


def interim_table(account: ReportData) -> ReportTable:
    """Every look that was done: what was found there, and what followed."""
    delta = as_given(account.run.primary[0].smallest_effect)
    rows = [
        (
            f"{look.after_days} study days: {one.arm}", in_words(look.day), number(one.estimate, signed=True),
            f"{number(one.lower_95)} to {number(one.upper_95)}", percent(one.probability_above),
            percent(one.probability_within), percent(one.probability_below),
            f"ended: {one.decision}" if look.decisive else "went on",
        )
        for look in account.looks.done
        for one in look.found
    ]  # fmt: skip
    corrected = correction_text(account.looks)
    return ReportTable(
        "Planned looks",
        ("After", "Analysed on", "Effect", "95 % interval", f"More than {delta}", f"Within ±{delta}",
         f"Less than −{delta}", "What followed"),
        rows,
        f"A look knows the study days up to it and no others. {corrected}".strip(),
    )  # fmt: skip


def early_stop_caveat(account: ReportData) -> str:
    """What an early end does to an estimate; empty without one."""
    return OVERSTATES if account.looks.stop is not None and account.stage == "ended" else ""


def control_text(result: Result) -> str:
    """What was found of an outcome that the arm cannot change."""
    found = (
        f"{number(result.estimate, signed=True)} {result.unit}".strip()
        + f" (95 % interval {number(result.lower_95)} to {number(result.upper_95)})"
    )
    subject = f"Negative control: “{result.arm}” cannot change {label(result.outcome)}"
    if result.decision == "something found":
        return f"{subject}, and yet something was found where nothing can be: {found}. Distrust this trial's answer."
    if result.decision == "nothing found":
        return f"{subject}, and as it should be nothing was found: {found}."
    return f"{subject}. So far: {found}; it is judged at the end."


def control_texts(account: ReportData) -> list[str]:
    """What the negative control says of the trial, a sentence an arm; nothing where the protocol names none."""
    control = account.trial.negative_control
    if control is None:
        return []
    if not account.run.control:
        return [
            f"The protocol names {label(control.series)} as a negative control; it has too few days to be judged."
        ]
    return [control_text(one) for one in account.run.control]


def distrust_text(account: ReportData) -> str:
    """The sentence that stands beside the answer where the negative control speaks against the trial."""
    found = [one for one in account.run.control if one.decision == "something found"]
    return " ".join(control_text(one) for one in found)


def control_table(results: Sequence[Result]) -> ReportTable:
    """The negative control in figures."""
    return ReportTable(
        "Negative control",
        ("", "Effect", "95 % interval", "Randomisation p", "What it says"),
        [
            (
                f"{label(one.outcome)[:1].upper()}{label(one.outcome)[1:]}: {one.arm}",
                f"{number(one.estimate, signed=True)} {one.unit}".strip(),
                f"{number(one.lower_95)} to {number(one.upper_95)}",
                "none" if one.randomisation_p is None else f"{one.randomisation_p:.2g}",
                {
                    "something found": "something found: distrust the trial",
                    "nothing found": "nothing found",
                }.get(one.decision, "judged at the end"),
            )
            for one in results
        ],
        "No arm can change this outcome, so that an effect on it would show that days of the arms differ in something "
        "else, or that the data are wrong (Lipsitch et al. 2010). Something is found where the 95 % interval leaves "
        "zero out, which chance alone does in about one trial of twenty at most. It decides nothing.",
    )
