"""A trial's report in words: the answer, what may be concluded, what was decided when."""

import datetime as dt

from santorio.analyses.series import date_of
from santorio.local_time import in_words
from santorio.metrics import label
from santorio.rendering.text import as_given, decision_text, number, percent, plural
from santorio.stats.effect_priors import EffectPrior
from santorio.trials.adherence import adherence_rate
from santorio.trials.lifecycle import Abandoned, Deviated, Paused, Resumed, Stopped
from santorio.trials.preregistration import Change
from santorio.trials.report.data import ReportData, Result
from santorio.trials.report.interim_text import (
    correction_text,
    distrust_text,
    early_end_text,
    early_stop_caveat,
    planned_interim_text,
)

RANDOMIZATION_TEXTS = {
    "daily": "Chance decided on each day",
    "periods": "Chance decided on the order of periods",
    "within blocks": "How days came to their arms is not recorded",
}
RANDOMISED = frozenset({"daily", "periods"})
# A part of the prior that keeps less than this share of its weight was contradicted.
CONTRADICTED = 0.5
# Of this prior weight and less, nothing can be said to be contradicted.
SLIGHT = 0.05


def in_unit(value: float, unit: str, *, signed: bool = False) -> str:
    """Write an amount with its unit."""
    return f"{number(value, signed=signed)} {unit}".strip()


def with_unit(name: str, result: Result) -> str:
    """Name what is measured, with its unit."""
    return f"{name} ({result.unit})" if result.unit else name


def capital(text: str) -> str:
    """A text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def is_randomised(account: ReportData) -> bool:
    """Whether the randomization scheme is known."""
    return account.run.diagnostics.get("randomisation") in RANDOMISED


def effect_text(result: Result) -> str:
    """The effect with its uncertainty."""
    return (
        f"{in_unit(result.estimate, result.unit, signed=True)} (95 % interval "
        f"{number(result.lower_95)} to {number(result.upper_95)})"
    )


def answer(account: ReportData) -> str:
    """Answer the question, one arm after the other; before its end only say how far a trial is."""
    if account.stage != "ended":
        return f"{_how_far(account)} {' '.join(_so_far(one) for one in account.run.primary)}"
    randomised = is_randomised(account)
    told = [arm_answer(one, randomised=randomised) for one in account.run.primary]
    return " ".join(one for one in (*told, early_end_text(account), correction_text(account.looks)) if one)


def _how_far(account: ReportData) -> str:
    days = f"{account.lived_days} of {account.planned_days} study days"
    frozen, done = account.trial.preregistration.frozen, len(account.looks.done)
    to_come = frozen.decision_rule.interim_days[done:] if frozen else ()
    end = f"the look after {to_come[0]} of them" if to_come else "the last one"
    told = {
        "running": f"This trial is running: {days} have come, and nothing is decided before {end}.",
        "paused": f"This trial is paused after {days}, and nothing is decided before {end}.",
        "given up": f"This trial was given up after {days}: nothing is decided from a part of it.",
        "over and not analysed": "The last day of this trial is over; this analysis is from before it. Type `santorio "
        "run` for the answer.",
    }
    return told[account.stage]


def _so_far(result: Result) -> str:
    return (
        f"The days so far put “{result.arm}” against “{result.reference_arm}” at {effect_text(result)} of "
        f"{label(result.outcome)}."
    )


def arm_answer(result: Result, *, randomised: bool) -> str:
    """Answer the question for one arm, in a sentence or two."""
    against = f"“{result.arm}” against “{result.reference_arm}”"
    name, matters = label(result.outcome), as_given(result.smallest_effect, result.unit)
    if result.decision == "keep going":
        return (
            f"It cannot be said whether {against} makes a difference to {name} that matters. The best estimate is "
            f"{effect_text(result)}. More than {matters} up: {percent(result.probability_above)}; more than that down: "
            f"{percent(result.probability_below)}; less than that: {percent(result.probability_within)}."
        )
    if result.decision == "no difference that matters":
        return (
            f"{capital(name)}: no difference that matters between “{result.arm}” and “{result.reference_arm}”: "
            f"{effect_text(result)}; with {percent(result.probability_within)} probability it is smaller "
            f"than {matters}."
        )
    up = result.estimate > 0
    sure = percent(result.probability_above if up else result.probability_below)
    if randomised:
        return (
            f"“{result.arm}” {'raised' if up else 'lowered'} {name}, against “{result.reference_arm}”, by "
            f"{effect_text(result)}; with {sure} probability by more than the {matters} that matter."
        )
    return (
        f"{capital(name)} was {'higher' if up else 'lower'} with “{result.arm}” than with “{result.reference_arm}” by "
        f"{effect_text(result)}; with {sure} probability by more than the {matters} that matter. This is an "
        "association: the arms are not recorded as randomised."
    )


def conclusion_text(account: ReportData) -> str:
    """What may be concluded, and what not."""
    said = design(account)
    if account.stage == "ended":
        # An answer that is to be distrusted speaks for nothing.
        distrust = distrust_text(account)
        verdicts = (
            [] if distrust else dict.fromkeys(decision_text(one.decision) for one in account.run.primary)
        )
        told = (distrust, *verdicts, "" if distrust else said, early_stop_caveat(account))
        return " ".join(one for one in told if one)
    return f"{said} Whoever stops at a good day finds effects that are not there."


def design(account: ReportData) -> str:
    """How days came to their arms, and what may be claimed for it."""
    kind = str(account.run.diagnostics.get("randomisation"))
    said = RANDOMIZATION_TEXTS.get(kind, RANDOMIZATION_TEXTS["within blocks"])
    if kind == "periods" and account.trial.period_days:
        said += f" of {plural(account.trial.period_days, 'day')}"
    if is_randomised(account):
        return f"{said}: a difference can be put down to the arm."
    return f"{said}: a difference is an association, and something else may lie behind it."


def date_range(account: ReportData) -> str:
    """From when to when."""
    first, last = (date_of(int(day)) for day in account.posterior.design.day[[0, -1]])
    return f"{in_words(first)} to {in_words(last)}"


def prior_conflict_text(prior: EffectPrior, after: list[float]) -> str:
    """Say whether the belief before and the data agree, from the weights of the prior's parts after the data."""
    if prior.components == 1:
        return "Nothing particular was believed of the effect before: the prior is the weak one, and cannot conflict."
    belief, left = sum(prior.weights[:-1]), sum(after[:-1])
    change = (
        f"What was believed before had a weight of {percent(belief)}; after the data it has {percent(left)}."
    )
    if belief > SLIGHT and left < CONTRADICTED * belief:
        return f"{change} The data contradict it, and the weak part of the prior took over."
    if left >= belief:
        return f"{change} The data agree with it."
    return f"{change} The data neither contradict it nor bear it out."


def preregistered_text(account: ReportData) -> str:
    """What was decided before the first day."""
    registered, frozen = account.trial.preregistration, account.trial.preregistration.frozen
    if frozen is None:
        return registered.sentence()
    result = account.run.primary[0]
    control, looks = frozen.negative_control, planned_interim_text(frozen.decision_rule)
    welcome = f"{frozen.direction} is welcome" if frozen.direction else "neither direction is called welcome"
    return (
        f"{registered.sentence()} It states the question, the arms ({', '.join(frozen.arms)}), the outcome "
        f"({label(frozen.outcome)}, {welcome}, {plural(frozen.lag_days, 'day')} after the study day), the smallest "
        f"effect that matters ({as_given(frozen.smallest_effect, result.unit)}), {len(frozen.drawn)} study days with "
        f"their order (seed {frozen.seed}), the model with its priors, and that one probability must reach "
        f"{percent(frozen.decision_rule.threshold)}{f', or {looks}' if looks else ''}. "
        + (f"The negative control is {label(control.series)}, which no arm can change. " if control else "")
        + f"{frozen.stopping} SHA-256 {frozen.sha256}."
    )


def changes_text(account: ReportData) -> str:
    """What changed once the trial ran: the protocol, pauses, deviations, its end."""
    told = [
        f"{in_words(one.day)}, after {plural(one.after_days, 'day')} of data: changed were {', '.join(one.fields)}."
        for one in account.trial.preregistration.changes
        if not _moved_by_an_event(account, one)
    ]
    for event in account.events:
        match event:
            case Paused():
                told.append(f"{in_words(event.day)}: paused until {in_words(event.until)}.")
            case Resumed():
                told.append(f"{in_words(event.day)}: resumed.")
            case Deviated():
                told.append(f"{in_words(event.day)}: a deviation was noted: {event.what}.")
            case Stopped():
                told.append(
                    f"{in_words(event.day)}: ended at the planned look after {event.after_days} study days: "
                    f"{event.decision}."
                )
            case Abandoned():
                told.append(f"{in_words(event.day)}: given up: {event.reason}.")
            case _:
                pass
    told += [one for one in [correction_text(account.looks)] if one]
    frozen = account.trial.preregistration.frozen
    if frozen is None and not told:
        return "No change is recorded."
    return " ".join(told) or "Nothing: no change, no pause, no deviation is recorded."


def _moved_by_an_event(account: ReportData, change: Change) -> bool:
    """Whether days moved because the trial was paused, resumed or given up, which is told by itself."""
    moving = [event.day for event in account.events if isinstance(event, Paused | Resumed | Abandoned)]
    # Who logged today's day pauses from tomorrow on.
    return change.fields == ("assignment",) and any(abs((day - change.day).days) <= 1 for day in moving)


def adherence_text(account: ReportData) -> str:
    """Say how many study days are known to have followed their arms, and from where that is known."""
    followed = account.followed
    if not followed:
        return "Nothing is known of whether days followed their arms."
    known = adherence_rate(list(followed))
    if known is None:
        return f"Of none of {plural(len(followed), 'study day')} is it known whether it followed its arm."
    by_data = sum(one.known_by == "data" for one in followed)
    said = sum(one.known_by == "said" for one in followed)
    return (
        f"Of {by_data + said} of {plural(len(followed), 'study day')} it is known whether they followed their arm "
        f"({by_data} by the data, {said} by what was said): {percent(known) if known < 1 else 'all'} did."
    )


def deviations(account: ReportData) -> list[str]:
    """Outcomes whose days could not have the likelihood that the protocol promised, a sentence each."""
    likelihoods = account.run.diagnostics.get("likelihoods")
    if not isinstance(likelihoods, dict):
        return []
    return [
        f"The protocol promised another likelihood for {label(metric)}; it was analysed with normal errors, since "
        f"{used['deviation']}."
        for metric, used in likelihoods.items()
        if "deviation" in used
    ]


def exclusions_text(account: ReportData) -> str:
    """Say which days were left out for which reason."""
    told = account.run.diagnostics.get("left_out")
    days = told.get(account.run.primary[0].outcome, []) if isinstance(told, dict) else []
    reasons: dict[str, list[str]] = {}
    for one in days:
        reasons.setdefault(str(one["reason"]), []).append(in_words(dt.date.fromisoformat(one["day"])))
    if not reasons:
        return "No value was left out as one that cannot be trusted."
    return " ".join(f"Left out, {', '.join(which)}: {reason}" for reason, which in reasons.items())
