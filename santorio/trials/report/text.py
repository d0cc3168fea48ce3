"""A trial's report in words: the answer, what may be concluded, what was decided when, and the items of CENT 2015."""

import datetime as dt
import itertools

from santorio.analyses.series import date_of
from santorio.local_time import in_words
from santorio.metrics import label
from santorio.rendering.text import as_given, decision_text, number, percent, plural
from santorio.stats.decisions import DECISION_THRESHOLD
from santorio.stats.effect_priors import EffectPrior
from santorio.stats.outcome_types import Family
from santorio.trials.adherence import adherence_rate
from santorio.trials.lifecycle import Abandoned, Deviated, Paused, Resumed, Stopped
from santorio.trials.preregistration import Change
from santorio.trials.report.data import Account, Result
from santorio.trials.report.interim_text import (
    begun,
    controlled,
    correction_words,
    distrusted,
    ended_at,
    interim,
    overstated,
    planned_looks,
    why_ended,
)
from santorio.trials.report.posterior_summary import StandardisedPosterior

LAWS = {
    "daily": "Chance decided on each day",
    "periods": "Chance decided on the order of periods",
    "within blocks": "How days came to their arms is not recorded",
}
_PREDICTOR = "level, smooth trend, weekday, each arm's effect and its departure in each cycle"
_LATENT = (
    f"over {_PREDICTOR}, and a latent path that resembles itself from day to day (AR(1), exact over gaps)"
)
_STANDARDISED = (
    "sampled by NUTS. The effect is the average over the study's days of what either arm would bring."
)
METHODS: dict[Family | None, str] = {
    None: f"One regression of all days (docs/method.md): {_PREDICTOR}, errors that resemble the day before (AR(1), "
    "exact over gaps); sampled by NUTS.",
    "binary": f"A logistic regression of all days (docs/method.md) {_LATENT}; {_STANDARDISED}",
    "ordinal": f"A cumulative logit regression of all days (docs/method.md) {_LATENT}; {_STANDARDISED}",
    "count": f"A negative binomial regression of all days (docs/method.md) {_LATENT}; {_STANDARDISED}",
    "bounded": f"An ordered Beta regression of all days (docs/method.md) {_LATENT}; {_STANDARDISED}",
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


def is_randomised(account: Account) -> bool:
    """Whether the law by which days got their arms is known."""
    return account.run.diagnostics.get("randomisation") in RANDOMISED


def about(result: Result) -> str:
    """The effect with its uncertainty."""
    return (
        f"{in_unit(result.estimate, result.unit, signed=True)} (95 % interval "
        f"{number(result.lower_95)} to {number(result.upper_95)})"
    )


def answer(account: Account) -> str:
    """Answer the question, one arm after the other; before its end only say how far a trial is."""
    if account.stage != "ended":
        return f"{_how_far(account)} {' '.join(_so_far(one) for one in account.run.primary)}"
    randomised = is_randomised(account)
    told = [answered(one, randomised=randomised) for one in account.run.primary]
    return " ".join(one for one in (*told, ended_at(account), correction_words(account.looks)) if one)


def _how_far(account: Account) -> str:
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
        f"The days so far put “{result.arm}” against “{result.reference_arm}” at {about(result)} of "
        f"{label(result.outcome)}."
    )


def answered(result: Result, *, randomised: bool) -> str:
    """Answer the question for one arm, in a sentence or two."""
    against = f"“{result.arm}” against “{result.reference_arm}”"
    name, matters = label(result.outcome), as_given(result.smallest_effect, result.unit)
    if result.decision == "keep going":
        return (
            f"It cannot be said whether {against} makes a difference to {name} that matters. The best estimate is "
            f"{about(result)}. More than {matters} up: {percent(result.probability_above)}; more than that down: "
            f"{percent(result.probability_below)}; less than that: {percent(result.probability_within)}."
        )
    if result.decision == "no difference that matters":
        return (
            f"{capital(name)}: no difference that matters between “{result.arm}” and “{result.reference_arm}”: "
            f"{about(result)}; with {percent(result.probability_within)} probability it is smaller than {matters}."
        )
    up = result.estimate > 0
    sure = percent(result.probability_above if up else result.probability_below)
    if randomised:
        return (
            f"“{result.arm}” {'raised' if up else 'lowered'} {name}, against “{result.reference_arm}”, by "
            f"{about(result)}; with {sure} probability by more than the {matters} that matter."
        )
    return (
        f"{capital(name)} was {'higher' if up else 'lower'} with “{result.arm}” than with “{result.reference_arm}” by "
        f"{about(result)}; with {sure} probability by more than the {matters} that matter. This is an association: it "
        "is not recorded that chance decided."
    )


def meaning(account: Account) -> str:
    """What may be concluded, and what not."""
    said = design(account)
    if account.stage == "ended":
        # An answer that is to be distrusted speaks for nothing.
        distrust = distrusted(account)
        verdicts = (
            [] if distrust else dict.fromkeys(decision_text(one.decision) for one in account.run.primary)
        )
        told = (distrust, *verdicts, "" if distrust else said, overstated(account))
        return " ".join(one for one in told if one)
    return f"{said} Whoever stops at a good day finds effects that are not there."


def design(account: Account) -> str:
    """How days came to their arms, and what may be claimed for it."""
    kind = str(account.run.diagnostics.get("randomisation"))
    said = LAWS.get(kind, LAWS["within blocks"])
    if kind == "periods" and account.trial.period_days:
        said += f" of {plural(account.trial.period_days, 'day')}"
    if is_randomised(account):
        return f"{said}: a difference can be put down to the arm."
    return f"{said}: a difference is an association, and something else may lie behind it."


def dates(account: Account) -> str:
    """From when to when."""
    first, last = (date_of(int(day)) for day in account.posterior.design.day[[0, -1]])
    return f"{in_words(first)} to {in_words(last)}"


def conflict(prior: EffectPrior, after: list[float]) -> str:
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


def decided_before(account: Account) -> str:
    """What was decided before the first day."""
    registered, frozen = account.trial.preregistration, account.trial.preregistration.frozen
    if frozen is None:
        return registered.sentence()
    result = account.run.primary[0]
    control, looks = frozen.negative_control, planned_looks(frozen.decision_rule)
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


def decided_after(account: Account) -> str:
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
    told += [one for one in [correction_words(account.looks)] if one]
    frozen = account.trial.preregistration.frozen
    if frozen is None and not told:
        return "No change is recorded."
    return " ".join(told) or "Nothing: no change, no pause, no deviation is recorded."


def _moved_by_an_event(account: Account, change: Change) -> bool:
    """Whether days moved because the trial was paused, resumed or given up, which is told by itself."""
    moving = [event.day for event in account.events if isinstance(event, Paused | Resumed | Abandoned)]
    # Who logged today's day pauses from tomorrow on.
    return change.fields == ("assignment",) and any(abs((day - change.day).days) <= 1 for day in moving)


def adhered_words(account: Account) -> str:
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


def cent(account: Account) -> dict[str, str]:
    """The items of CENT 2015 that the app can tell of, by their number."""
    trial, run = account.trial, account.run
    frozen, registered = trial.preregistration.frozen, trial.preregistration
    result, law = run.primary[0], str(run.diagnostics.get("randomisation"))
    unit = f" ({result.unit})" if result.unit else ""
    secondary = ", ".join(dict.fromkeys(label(one.outcome) for one in run.secondary))
    known = "; ".join(f"{arm}: {days} analysed" for arm, days in _analysed(account))
    rho = account.posterior.day_correlation
    carried = account.posterior.fit.draws["carry_over"]
    carry = f"mean of λ {carried.mean():.2f}" if carried.any() else "none is modelled"
    restrictions = {
        "daily": "As many days of every arm in each cycle, no long runs",
        "periods": "Every arm once in each cycle",
        "within blocks": "Not recorded; arms are permuted within stretches of about a fortnight",
    }[law]
    threshold = frozen.decision_rule.threshold if frozen else DECISION_THRESHOLD
    # Planned were more, where it ended at a look.
    cycles = frozen.cycles if frozen and account.looks.stop else result.cycles
    told: dict[str, str | None] = {
        "1a": f"{_question(account)} An N-of-1 trial.",
        "1b": answer(account),
        "2a": "What works for most may not work for one: the question is about this person alone.",
        "2b": _question(account),
        "3a": f"{design(account)} {plural(account.planned_days, 'study day')}, {plural(cycles, 'cycle')}."
        + (f" Washout: {plural(trial.washout_days, 'day')} of every period." if trial.washout_days else ""),
        "3b": decided_after(account),
        "4a": "The person who ran it on themself.",
        "4b": "Daily life.",
        "5": f"Arms: {', '.join(account.posterior.arms)}; the first is the reference.",
        "6a": f"Primary: {label(result.outcome)}{unit}; the smallest effect that matters is "
        f"{as_given(result.smallest_effect, result.unit)}. Secondary: {secondary or 'none'}. Negative control: "
        f"{label(trial.negative_control.series) if trial.negative_control else 'none'}.",
        "6b": _changed_outcomes(account),
        "7a": _length(account),
        "7b": interim(account, threshold),
        "8a": f"Drawn uniformly from the schedules that the law admits, seed {frozen.seed}."
        if frozen
        else design(account),
        "8b": f"{restrictions}.",
        "8c": _order(account),
        "9": "None: the person knows what each day asks. The order was drawn before, and could not be chosen by day.",
        "10": "Santorio drew the order; the person followed it." if frozen else None,
        "11a": "Not blinded." if frozen else None,
        "12a": " ".join([METHODS[account.posterior.family], *deviations(account)]),
        "12b": "One person: none.",
        "12c": f"Correlation of a day with the next {rho.mean():.2f}; a trend and weekdays; carry-over: {carry}.",
        "13a": begun(account),
        "13b": f"{plural(account.missing_days, 'study day')} without a value. {left_out_words(account)}",
        "14a": f"{capital(dates(account))}.",
        "14b": why_ended(account),
        "15": f"“{result.reference_arm}”: mean {in_unit(result.mean_reference, result.unit)} over "
        f"{plural(result.days_reference, 'day')}.",
        "16": f"{known}.",
        "17a": " ".join(f"“{one.arm}”: {about(one)}." for one in run.primary),
        "17b": _relative(account),
        "18": " ".join(
            [
                "Secondary outcomes, and the effect without days that did not follow their arm, stand above.",
                *controlled(account),
            ]
        ),
        "19": _harms(account),
        "20": _limits(account),
        "21": "None: it is about this person, at this time.",
        "22": meaning(account),
        "23": f"In the person's own log: {registered.sentence()}",
        "24": f"Kept in the log, SHA-256 {frozen.sha256}." if frozen else None,
    }
    return {item: text for item, text in told.items() if text}


def _relative(account: Account) -> str | None:
    """Effects as ratios, which go with absolute ones where the model is on the scale of odds or of logarithms."""
    posterior = account.posterior
    if not isinstance(posterior, StandardisedPosterior):
        return None
    name = "ratio of expected counts" if posterior.link_name == "log" else "odds ratio"
    return " ".join(
        f"“{one.arm}”: {name} {number(ratio)} (95 % interval {number(lower)} to {number(upper)})."
        for contrast, one in enumerate(account.run.primary, 1)
        for ratio, lower, upper in [posterior.ratio(contrast)]
    )


def deviations(account: Account) -> list[str]:
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


def left_out_words(account: Account) -> str:
    """Say which days were left out for which reason."""
    told = account.run.diagnostics.get("left_out")
    days = told.get(account.run.primary[0].outcome, []) if isinstance(told, dict) else []
    reasons: dict[str, list[str]] = {}
    for one in days:
        reasons.setdefault(str(one["reason"]), []).append(in_words(dt.date.fromisoformat(one["day"])))
    if not reasons:
        return "No value was left out as one that cannot be trusted."
    return " ".join(f"Left out, {', '.join(which)}: {reason}" for reason, which in reasons.items())


def _question(account: Account) -> str:
    result = account.run.primary[0]
    return account.trial.question or f"Does “{result.arm}” change my {label(result.outcome)}?"


def _drawn(account: Account) -> str:
    frozen = account.trial.preregistration.frozen
    if frozen is None:
        return design(account)
    return f"Drawn uniformly from the schedules that the law admits, seed {frozen.seed}."


def _analysed(account: Account) -> list[tuple[str, int]]:
    first = account.run.primary[0]
    return [
        (first.reference_arm, first.days_reference),
        *((one.arm, one.days_arm) for one in account.run.primary),
    ]


def _changed_outcomes(account: Account) -> str:
    changed = {field for one in account.trial.preregistration.changes for field in one.fields}
    hit = sorted(changed & {"outcome", "secondary", "smallest_effect", "direction", "lag_days"})
    return f"Changed on the way: {', '.join(hit)}." if hit else "None."


def _length(account: Account) -> str:
    frozen = account.trial.preregistration.frozen
    planning = frozen.planning if frozen else None
    if planning is None:
        return f"{plural(account.planned_days, 'study day')}; how that number was found is not recorded."
    unit = account.run.primary[0].unit
    return (
        f"{plural(account.planned_days, 'study day')}: at a day-to-day spread of {in_unit(planning.sigma, unit)} and "
        f"a correlation of {planning.rho:.2f} they give a clear answer with {percent(planning.assurance)} probability."
    )


def _order(account: Account) -> str:
    arms = account.posterior.arms
    runs = [
        f"{arms[arm]} {len(list(days))}"
        for arm, days in itertools.groupby(account.posterior.design.arm.tolist())
    ]
    return f"{', '.join(runs)} (arm and days in a row)."


def _harms(account: Account) -> str | None:
    noted = [event.what for event in account.events if isinstance(event, Deviated)]
    return f"Not asked for. Deviations that were noted: {'; '.join(noted)}." if noted else "Not asked for."


def _limits(account: Account) -> str:
    said = "The person knew each day's arm, so that expectation may be part of a difference."
    told = (said, "" if is_randomised(account) else design(account), overstated(account), distrusted(account))
    return " ".join(one for one in told if one)
