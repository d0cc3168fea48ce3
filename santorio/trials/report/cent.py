"""A trial's report by the items of CENT 2015, the reporting guideline for N-of-1 trials (doi:10.1136/bmj.h1738)."""

import itertools

from santorio.metrics import label
from santorio.rendering.text import as_given, number, percent, plural
from santorio.stats.decisions import DECISION_THRESHOLD
from santorio.stats.outcome_types import Family
from santorio.trials.lifecycle import Deviated
from santorio.trials.report.data import ReportData
from santorio.trials.report.interim_text import (
    control_texts,
    distrust_text,
    early_stop_caveat,
    end_text,
    interim_text,
    periods_started_text,
)
from santorio.trials.report.posterior_summary import StandardisedPosterior
from santorio.trials.report.text import (
    answer,
    capital,
    changes_text,
    conclusion_text,
    date_range,
    design,
    deviations,
    effect_text,
    exclusions_text,
    in_unit,
    is_randomised,
)

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


def cent_items(account: ReportData) -> dict[str, str]:
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
        "3b": changes_text(account),
        "4a": "The person who ran it on themself.",
        "4b": "Daily life.",
        "5": f"Arms: {', '.join(account.posterior.arms)}; the first is the reference.",
        "6a": f"Primary: {label(result.outcome)}{unit}; the smallest effect that matters is "
        f"{as_given(result.smallest_effect, result.unit)}. Secondary: {secondary or 'none'}. Negative control: "
        f"{label(trial.negative_control.series) if trial.negative_control else 'none'}.",
        "6b": _changed_outcomes(account),
        "7a": _length(account),
        "7b": interim_text(account, threshold),
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
        "13a": periods_started_text(account),
        "13b": f"{plural(account.missing_days, 'study day')} without a value. {exclusions_text(account)}",
        "14a": f"{capital(date_range(account))}.",
        "14b": end_text(account),
        "15": f"“{result.reference_arm}”: mean {in_unit(result.mean_reference, result.unit)} over "
        f"{plural(result.days_reference, 'day')}.",
        "16": f"{known}.",
        "17a": " ".join(f"“{one.arm}”: {effect_text(one)}." for one in run.primary),
        "17b": _relative(account),
        "18": " ".join(
            [
                "Secondary outcomes, and the effect without days that did not follow their arm, stand above.",
                *control_texts(account),
            ]
        ),
        "19": _harms(account),
        "20": _limits(account),
        "21": "None: it is about this person, at this time.",
        "22": conclusion_text(account),
        "23": f"In the person's own log: {registered.sentence()}",
        "24": f"Kept in the log, SHA-256 {frozen.sha256}." if frozen else None,
    }
    return {item: text for item, text in told.items() if text}


def _relative(account: ReportData) -> str | None:
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


def _question(account: ReportData) -> str:
    result = account.run.primary[0]
    return account.trial.question or f"Does “{result.arm}” change my {label(result.outcome)}?"


def _analysed(account: ReportData) -> list[tuple[str, int]]:
    first = account.run.primary[0]
    return [
        (first.reference_arm, first.days_reference),
        *((one.arm, one.days_arm) for one in account.run.primary),
    ]


def _changed_outcomes(account: ReportData) -> str:
    changed = {field for one in account.trial.preregistration.changes for field in one.fields}
    hit = sorted(changed & {"outcome", "secondary", "smallest_effect", "direction", "lag_days"})
    return f"Changed on the way: {', '.join(hit)}." if hit else "None."


def _length(account: ReportData) -> str:
    frozen = account.trial.preregistration.frozen
    planning = frozen.planning if frozen else None
    if planning is None:
        return f"{plural(account.planned_days, 'study day')}; how that number was found is not recorded."
    unit = account.run.primary[0].unit
    return (
        f"{plural(account.planned_days, 'study day')}: at a day-to-day spread of {in_unit(planning.sigma, unit)} and "
        f"a correlation of {planning.rho:.2f} they give a clear answer with {percent(planning.assurance)} probability."
    )


def _order(account: ReportData) -> str:
    arms = account.posterior.arms
    runs = [
        f"{arms[arm]} {len(list(days))}"
        for arm, days in itertools.groupby(account.posterior.design.arm.tolist())
    ]
    return f"{', '.join(runs)} (arm and days in a row)."


def _harms(account: ReportData) -> str | None:
    noted = [event.what for event in account.events if isinstance(event, Deviated)]
    return f"Not asked for. Deviations that were noted: {'; '.join(noted)}." if noted else "Not asked for."


def _limits(account: ReportData) -> str:
    said = "The person knew each day's arm, so that expectation may be part of a difference."
    told = (
        said,
        "" if is_randomised(account) else design(account),
        early_stop_caveat(account),
        distrust_text(account),
    )
    return " ".join(one for one in told if one)
