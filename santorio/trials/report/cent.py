"""A trial's report by the items of CENT 2015, the reporting guideline for N-of-1 trials (doi:10.1136/bmj.h1738)."""

import itertools

from santorio.metrics import label
from santorio.rendering.text import capitalize_first, number, percent, plural, with_unit
from santorio.stats.outcome_types import Family
from santorio.trials.events import Deviated
from santorio.trials.report.data import ReportData
from santorio.trials.report.estimates import amount_text, effect_text, interval_text, smallest_effect_text
from santorio.trials.report.interim_text import (
    control_texts,
    control_warning_text,
    early_stop_caveat,
    end_text,
    interim_text,
    periods_started_text,
)
from santorio.trials.report.posterior_summary import StandardisedPosterior
from santorio.trials.report.text import (
    answer_text,
    changes_text,
    conclusion_text,
    date_range_text,
    design_text,
    exclusions_text,
    is_randomised,
    join_sentences,
    likelihood_deviation_texts,
)

_PREDICTOR = "level, smooth trend, weekday, each arm's effect and its departure in each cycle"
_LATENT = (
    f"over {_PREDICTOR}, and a latent path that resembles itself from day to day (AR(1), exact over gaps)"
)
_STANDARDISED = (
    "sampled by NUTS. The effect is the average over the study's days of the difference between the arms."
)
RESTRICTIONS = {
    "daily": "As many days of every arm in each cycle, no long runs.",
    "periods": "Every arm once in each cycle.",
    "within blocks": "Not recorded; arms are permuted within blocks of about a fortnight.",
}
# Changes of these fields after the first day are changes of an outcome, item 6b.
OUTCOME_FIELDS = frozenset({"outcome", "secondary", "smallest_effect", "direction", "lag_days"})
METHODS: dict[Family | None, str] = {
    None: f"One regression of all days (docs/method.md): {_PREDICTOR}, errors that resemble the day before (AR(1), "
    "exact over gaps); sampled by NUTS.",
    "binary": f"A logistic regression of all days (docs/method.md) {_LATENT}; {_STANDARDISED}",
    "ordinal": f"A cumulative logit regression of all days (docs/method.md) {_LATENT}; {_STANDARDISED}",
    "count": f"A negative binomial regression of all days (docs/method.md) {_LATENT}; {_STANDARDISED}",
    "bounded": f"An ordered Beta regression of all days (docs/method.md) {_LATENT}; {_STANDARDISED}",
}


def cent_items(data: ReportData) -> dict[str, str]:
    """The items of CENT 2015 that the app can report, by their number."""
    # In the order of the guideline's checklist, which the report keeps.
    items: dict[str, str | None] = {
        **_introduction_items(data),
        **_design_items(data),
        **_randomisation_items(data),
        **_analysis_items(data),
        **_result_items(data),
        **_discussion_items(data),
    }
    return {item: text for item, text in items.items() if text}


def _introduction_items(data: ReportData) -> dict[str, str | None]:
    question = _question_text(data)
    return {
        "1a": f"{question} An N-of-1 trial.",
        "1b": answer_text(data),
        "2a": "What works for most may not work for one: the question is about this person alone.",
        "2b": question,
    }


def _design_items(data: ReportData) -> dict[str, str | None]:
    return {
        "3a": _trial_design_text(data),
        "3b": changes_text(data),
        "4a": "The person, who ran it on themself.",
        "4b": "Daily life.",
        "5": f"Arms: {', '.join(data.posterior.arms)}; the first is the reference.",
        "6a": _outcomes_text(data),
        "6b": _changed_outcomes_text(data),
        "7a": _length_text(data),
        "7b": interim_text(data),
    }


def _randomisation_items(data: ReportData) -> dict[str, str | None]:
    frozen = data.trial.preregistration.frozen
    items: dict[str, str | None] = {
        "8a": design_text(data),
        "8b": RESTRICTIONS[str(data.run.diagnostics.get("randomisation"))],
        "8c": _order_text(data),
        "9": (
            "None: the person knows the arm of each day. The order was drawn in advance, and cannot be chosen by day."
        ),
    }
    if frozen:
        items["8a"] = f"Drawn uniformly from the schedules that the scheme admits, seed {frozen.seed}."
        items["10"] = "Santorio drew the order; the person followed it."
        items["11a"] = "Not blinded."
    return items


def _analysis_items(data: ReportData) -> dict[str, str | None]:
    return {
        "12a": join_sentences([METHODS[data.posterior.family], *likelihood_deviation_texts(data)]),
        "12b": "One person: none.",
        "12c": _time_effects_text(data),
    }


def _result_items(data: ReportData) -> dict[str, str | None]:
    result = data.run.primary[0]
    mean = amount_text(result.mean_reference, result.unit)
    missing = plural(data.missing_days, "study day")
    effects = [f"“{result.arm}”: {effect_text(result)}." for result in data.run.primary]
    return {
        "13a": periods_started_text(data),
        "13b": f"{missing} without a value. {exclusions_text(data)}",
        "14a": f"{capitalize_first(date_range_text(data))}.",
        "14b": end_text(data),
        "15": f"“{result.reference_arm}”: mean {mean} over {plural(result.days_reference, 'day')}.",
        "16": _analysed_days_text(data),
        "17a": " ".join(effects),
        "17b": _ratios_text(data),
        "18": join_sentences(
            [
                "Secondary outcomes, and the effect without days that did not follow their arm, stand above.",
                *control_texts(data),
            ]
        ),
        "19": _harms_text(data),
    }


def _discussion_items(data: ReportData) -> dict[str, str | None]:
    preregistration = data.trial.preregistration
    items: dict[str, str | None] = {
        "20": _limitations_text(data),
        "21": "None: it is about this person, at this time.",
        "22": conclusion_text(data),
        "23": f"In the person's own log: {preregistration.sentence()}",
    }
    if preregistration.frozen:
        items["24"] = f"Kept in the log, SHA-256 {preregistration.frozen.sha256}."
    return items


def _question_text(data: ReportData) -> str:
    result = data.run.primary[0]
    return data.trial.question or f"Does “{result.arm}” change my {label(result.outcome)}?"


def _trial_design_text(data: ReportData) -> str:
    frozen = data.trial.preregistration.frozen
    cycles = data.run.primary[0].cycles
    if frozen and data.interim.stop:
        # The analysis has only the cycles up to the interim analysis that stopped the trial.
        cycles = frozen.cycles
    days = plural(data.planned_days, "study day")
    text = f"{design_text(data)} {days}, {plural(cycles, 'cycle')}."
    if data.trial.washout_days:
        text += f" Washout: {plural(data.trial.washout_days, 'day')} of every period."
    return text


def _outcomes_text(data: ReportData) -> str:
    result, control = data.run.primary[0], data.trial.negative_control
    primary = with_unit(label(result.outcome), result.unit)
    # An outcome has a result for each arm: each is named once.
    secondary = dict.fromkeys(label(result.outcome) for result in data.run.secondary)
    control_label = label(control.series) if control else "none"
    return (
        f"Primary: {primary}; the smallest effect that matters is {smallest_effect_text(result)}. "
        f"Secondary: {', '.join(secondary) or 'none'}. Negative control: {control_label}."
    )


def _changed_outcomes_text(data: ReportData) -> str:
    changed: set[str] = set()
    for change in data.trial.preregistration.changes:
        changed.update(change.fields)
    outcome_fields = sorted(changed & OUTCOME_FIELDS)
    if not outcome_fields:
        return "None."
    return f"Changed during the trial: {', '.join(outcome_fields)}."


def _length_text(data: ReportData) -> str:
    frozen = data.trial.preregistration.frozen
    planning = frozen.planning if frozen else None
    days = plural(data.planned_days, "study day")
    if planning is None:
        return f"{days}; the reason for that number is not recorded."
    sd = amount_text(planning.sigma, data.run.primary[0].unit)
    return (
        f"{days}: at a day-to-day SD of {sd} and a correlation of {planning.rho:.2f} they give a clear answer with "
        f"{percent(planning.assurance)} probability."
    )


def _order_text(data: ReportData) -> str:
    arms = data.posterior.arms
    runs = []
    for arm, days in itertools.groupby(data.posterior.design.arm.tolist()):
        length = len(list(days))
        runs.append(f"{arms[arm]} {length}")
    return f"{', '.join(runs)} (arm and days in a row)."


def _time_effects_text(data: ReportData) -> str:
    rho = data.posterior.day_correlation.mean()
    carry_over = data.posterior.fit.draws["carry_over"]
    carry_over_text = "none is modelled"
    if carry_over.any():
        carry_over_text = f"mean of λ {carry_over.mean():.2f}"
    return (
        f"Correlation of a day with the next {rho:.2f}; a trend and weekdays; carry-over: {carry_over_text}."
    )


def _analysed_days_text(data: ReportData) -> str:
    primary = data.run.primary
    counts = [f"{primary[0].reference_arm}: {primary[0].days_reference} analysed"]
    counts += [f"{result.arm}: {result.days_arm} analysed" for result in primary]
    return f"{'; '.join(counts)}."


def _ratios_text(data: ReportData) -> str | None:
    """Effects as ratios, which accompany absolute ones where the model is on the scale of odds or of logarithms."""
    posterior = data.posterior
    if not isinstance(posterior, StandardisedPosterior):
        return None
    sentences = []
    for contrast, result in enumerate(data.run.primary, start=1):
        ratio, lower, upper = posterior.ratio(contrast)
        interval = interval_text(lower, upper)
        sentences.append(
            f"“{result.arm}”: {posterior.ratio_name} {number(ratio)} (95 % interval {interval})."
        )
    return " ".join(sentences)


def _harms_text(data: ReportData) -> str:
    deviations = [event.what for event in data.events if isinstance(event, Deviated)]
    if not deviations:
        return "Harms were not asked for."
    return f"Harms were not asked for. Recorded deviations: {'; '.join(deviations)}."


def _limitations_text(data: ReportData) -> str:
    sentences = ["The person knew each day's arm, so that expectation may be part of a difference."]
    if not is_randomised(data):
        sentences.append(design_text(data))
    sentences += [early_stop_caveat(data), control_warning_text(data)]
    return join_sentences(sentences)
