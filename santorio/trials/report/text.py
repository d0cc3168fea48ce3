"""The sentences of a trial's report: the answer, what may be concluded, and what was decided when."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from santorio.analyses.series import date_of
from santorio.local_time import in_words
from santorio.metrics import label
from santorio.rendering.text import as_given, capitalize_first, decision_text, percent, plural
from santorio.stats.effect_priors import EffectPrior
from santorio.trials.adherence import adherence_rate
from santorio.trials.events import (
    Abandoned,
    AnyTrialEvent,
    Deviated,
    Paused,
    Resumed,
    Stopped,
)
from santorio.trials.preregistration import Change
from santorio.trials.protocol import Protocol
from santorio.trials.report.data import ReportData, Result
from santorio.trials.report.estimates import effect_text, smallest_effect_text
from santorio.trials.report.interim_text import (
    control_warning_text,
    correction_text,
    early_end_text,
    early_stop_caveat,
    planned_interim_text,
)

RANDOMIZATION_TEXTS = {
    "daily": "Each day was randomised",
    "periods": "The order of periods was randomised",
    "within blocks": "How days were assigned to their arms is not recorded",
}
RANDOMISED = frozenset({"daily", "periods"})
# The data contradict the informative part of a prior if it keeps less than this share of its weight.
CONTRADICTED = 0.5
# An informative part with no more weight than this is too weak to be contradicted.
SLIGHT = 0.05


def join_sentences(sentences: Sequence[str]) -> str:
    """Sentences one after another, without the empty ones."""
    return " ".join(sentence for sentence in sentences if sentence)


def is_randomised(data: ReportData) -> bool:
    """Whether the randomization scheme is recorded."""
    return data.run.diagnostics.get("randomisation") in RANDOMISED


def answer_text(data: ReportData) -> str:
    """The answer for each arm; before the end of the trial only its progress."""
    primary = data.run.primary
    if data.stage != "ended":
        estimates = [_estimate_so_far_text(result) for result in primary]
        return join_sentences([_progress_text(data), *estimates])
    randomised = is_randomised(data)
    answers = [arm_answer_text(result, randomised=randomised) for result in primary]
    return join_sentences([*answers, early_end_text(data), correction_text(data.interim)])


def _progress_text(data: ReportData) -> str:
    days = f"{data.elapsed_days} of {data.planned_days} study days"
    match data.stage:
        case "running":
            next_decision = _next_decision_text(data)
            return f"This trial is running: {days} have passed; nothing is decided before {next_decision}."
        case "paused":
            return (
                f"This trial is paused after {days}; nothing is decided before {_next_decision_text(data)}."
            )
        case "abandoned":
            return f"This trial was abandoned after {days}: nothing is decided from a part of it."
        case _:
            return (
                "The last day of this trial is over; this analysis is from before it. Type `santorio run` for the "
                "answer."
            )


def _next_decision_text(data: ReportData) -> str:
    """When something is decided next: at an interim analysis, or at the end."""
    frozen, done = data.trial.preregistration.frozen, len(data.interim.done)
    if frozen is None:
        return "the last one"
    remaining = frozen.decision_rule.interim_days[done:]
    if not remaining:
        return "the last one"
    return f"the interim analysis after {remaining[0]} of them"


def _estimate_so_far_text(result: Result) -> str:
    return (
        f"From the days so far, the effect of “{result.arm}” against “{result.reference_arm}” on "
        f"{label(result.outcome)} is estimated as {effect_text(result)}."
    )


def arm_answer_text(result: Result, *, randomised: bool) -> str:
    """The answer for one arm, in a sentence or two."""
    if result.decision == "keep going":
        return _undecided_text(result)
    if result.decision == "no difference that matters":
        return _no_difference_text(result)
    if randomised:
        return _causal_text(result)
    return _association_text(result)


def _undecided_text(result: Result) -> str:
    smallest = smallest_effect_text(result)
    return (
        f"It cannot be said whether “{result.arm}” against “{result.reference_arm}” makes a difference to "
        f"{label(result.outcome)} that matters. The best estimate is {effect_text(result)}. More than {smallest} up: "
        f"{percent(result.probability_above)}; more than that down: {percent(result.probability_below)}; less than "
        f"that: {percent(result.probability_within)}."
    )


def _no_difference_text(result: Result) -> str:
    probability = percent(result.probability_within)
    return (
        f"{capitalize_first(label(result.outcome))}: no difference that matters between “{result.arm}” and "
        f"“{result.reference_arm}”: {effect_text(result)}; with {probability} probability it is smaller than "
        f"{smallest_effect_text(result)}."
    )


def _causal_text(result: Result) -> str:
    verb = "raised" if result.estimate > 0 else "lowered"
    return (
        f"“{result.arm}” {verb} {label(result.outcome)}, against “{result.reference_arm}”, by {effect_text(result)}; "
        f"{_certainty_text(result)}."
    )


def _association_text(result: Result) -> str:
    comparative = "higher" if result.estimate > 0 else "lower"
    return (
        f"{capitalize_first(label(result.outcome))} was {comparative} with “{result.arm}” than with "
        f"“{result.reference_arm}” by {effect_text(result)}; {_certainty_text(result)}. This is an association: the "
        "arms are not recorded as randomised."
    )


def _certainty_text(result: Result) -> str:
    probability = result.probability_above if result.estimate > 0 else result.probability_below
    smallest = smallest_effect_text(result)
    return f"with {percent(probability)} probability by more than the {smallest} that matter"


def conclusion_text(data: ReportData) -> str:
    """What may be concluded, and what not."""
    design = design_text(data)
    if data.stage != "ended":
        return f"{design} Stopping on a good day finds effects that are not there."
    # An effect on the negative control casts doubt on the answer, so that no verdict may follow from it.
    if warning := control_warning_text(data):
        return join_sentences([warning, early_stop_caveat(data)])
    verdicts = dict.fromkeys(decision_text(result.decision) for result in data.run.primary)
    return join_sentences([*verdicts, design, early_stop_caveat(data)])


def design_text(data: ReportData) -> str:
    """How days were assigned to their arms, and which claim that supports."""
    # An unknown scheme, of a recorded trial for example, supports no causal claim.
    kind = str(data.run.diagnostics.get("randomisation"))
    assignment = RANDOMIZATION_TEXTS.get(kind, RANDOMIZATION_TEXTS["within blocks"])
    if kind == "periods" and data.trial.period_days:
        assignment += f", each of {plural(data.trial.period_days, 'day')}"
    if is_randomised(data):
        return f"{assignment}: a difference can be attributed to the arm."
    return f"{assignment}: a difference is an association, and may have another cause."


def date_range_text(data: ReportData) -> str:
    """The first and the last day."""
    days = data.posterior.design.day
    first, last = date_of(int(days[0])), date_of(int(days[-1]))
    return f"{in_words(first)} to {in_words(last)}"


def prior_conflict_text(prior: EffectPrior, after: list[float]) -> str:
    """Whether prior and data agree, from the weights of the prior's components after the data; the last is weak."""
    if prior.components == 1:
        return "There was no informative prior: the prior is the weak one, and cannot conflict with the data."
    weight_before, weight_after = sum(prior.weights[:-1]), sum(after[:-1])
    change = (
        f"The informative prior had a weight of {percent(weight_before)}; after the data it has "
        f"{percent(weight_after)}."
    )
    if weight_before > SLIGHT and weight_after < CONTRADICTED * weight_before:
        return f"{change} The data contradict it, and the weak part of the prior took over."
    if weight_after >= weight_before:
        return f"{change} The data agree with it."
    return f"{change} The data neither contradict nor confirm it."


def preregistered_text(data: ReportData) -> str:
    """What was decided before the first day."""
    preregistration = data.trial.preregistration
    if preregistration.frozen is None:
        return preregistration.sentence()
    content = _protocol_content_text(preregistration.frozen, data.run.primary[0].unit)
    return f"{preregistration.sentence()} {content}"


def _protocol_content_text(protocol: Protocol, unit: str) -> str:
    rule = protocol.decision_rule
    smallest = as_given(protocol.smallest_effect, unit)
    lag = plural(protocol.lag_days, "day")
    direction = "neither direction is stated as better"
    if protocol.direction:
        direction = f"{protocol.direction} is better"
    threshold = percent(rule.threshold)
    if rule.interim_days:
        threshold += f", or {planned_interim_text(rule)}"
    control = ""
    if protocol.negative_control:
        control_label = label(protocol.negative_control.series)
        control = f"The negative control is {control_label}, which no arm can change."
    content = (
        f"It states the question, the arms ({', '.join(protocol.arms)}), the outcome ({label(protocol.outcome)}, "
        f"{direction}, {lag} after the study day), the smallest effect that matters ({smallest}), "
        f"{len(protocol.drawn)} study days with their order (seed {protocol.seed}), the model with its priors, and "
        f"that one probability must reach {threshold}."
    )
    return join_sentences([content, control, f"{protocol.stopping} SHA-256 {protocol.sha256}."])


def changes_text(data: ReportData) -> str:
    """What changed while the trial ran: the protocol, pauses, deviations, its end."""
    preregistration = data.trial.preregistration
    changes = [change for change in preregistration.changes if not _follows_from_event(data, change)]
    sentences = [_protocol_change_text(change) for change in changes]
    sentences += [_event_text(event) for event in data.events]
    sentences.append(correction_text(data.interim))
    recorded = join_sentences(sentences)
    if recorded:
        return recorded
    # A trial without a typed protocol is not run by commands: the log does not record its pauses and deviations.
    if preregistration.frozen is None:
        return "No change is recorded."
    return "Nothing: no change, no pause, no deviation is recorded."


def _protocol_change_text(change: Change) -> str:
    days, fields = plural(change.after_days, "day"), ", ".join(change.fields)
    return f"{in_words(change.day)}, after {days} of data: {fields} changed."


def _event_text(event: AnyTrialEvent) -> str:
    """An event that changed the trial, in a sentence; empty for all others."""
    day = in_words(event.day)
    match event:
        case Paused():
            return f"{day}: paused until {in_words(event.until)}."
        case Resumed():
            return f"{day}: resumed."
        case Deviated():
            return f"{day}: deviation recorded: {event.what}."
        case Stopped():
            return (
                f"{day}: stopped early at the planned interim analysis after {event.after_days} study days: "
                f"{event.decision}."
            )
        case Abandoned():
            return f"{day}: abandoned: {event.reason}."
        case _:
            return ""


def _follows_from_event(data: ReportData, change: Change) -> bool:
    """Whether days moved because the trial was paused, resumed or abandoned, which has a sentence of its own."""
    if change.fields != ("assignment",):
        return False
    for event in data.events:
        # A pause begins tomorrow where today was logged already, so that the change is a day before the event.
        is_near = abs((event.day - change.day).days) <= 1
        if is_near and isinstance(event, Paused | Resumed | Abandoned):
            return True
    return False


def adherence_text(data: ReportData) -> str:
    """How many study days followed their arms, and on which evidence."""
    days = data.adherence
    if not days:
        return "There is no record of whether days followed their arms."
    count, rate = plural(len(days), "study day"), adherence_rate(days)
    if rate is None:
        return f"For none of {count} is there a record of whether it followed its arm."
    evidence = Counter(day.known_by for day in days)
    by_data, by_report = evidence["data"], evidence["reported"]
    followed = percent(rate) if rate < 1 else "all"
    return (
        f"For {by_data + by_report} of {count} it is recorded whether they followed their arm ({by_data} by the data, "
        f"{by_report} by the person's report): {followed} did."
    )


def likelihood_deviation_texts(data: ReportData) -> list[str]:
    """The outcomes whose days could not have the likelihood that the protocol promised, a sentence each."""
    likelihoods = data.run.diagnostics.get("likelihoods")
    if not isinstance(likelihoods, dict):
        return []
    sentences = []
    for metric, used in likelihoods.items():
        if "deviation" in used:
            sentences.append(
                f"The protocol promised another likelihood for {label(metric)}; it was analysed with normal errors, "
                f"since {used['deviation']}."
            )
    return sentences


def exclusions_text(data: ReportData) -> str:
    """Which days were excluded, by reason."""
    excluded = data.run.diagnostics.get("left_out")
    if not isinstance(excluded, dict):
        excluded = {}
    days_by_reason: dict[str, list[str]] = {}
    for entry in excluded.get(data.run.primary[0].outcome, []):
        day = in_words(dt.date.fromisoformat(entry["day"]))
        days_by_reason.setdefault(str(entry["reason"]), []).append(day)
    if not days_by_reason:
        return "No value was excluded as untrustworthy."
    sentences = [f"Excluded, {', '.join(days)}: {reason}" for reason, days in days_by_reason.items()]
    return " ".join(sentences)
