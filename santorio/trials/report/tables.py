"""The tables of a trial's report: the answer, its days, whether they followed their arms, the belief before."""

import numpy as np

from santorio.analyses.series import day_number
from santorio.metrics import label
from santorio.rendering.report import ReportTable
from santorio.rendering.text import as_given, number, percent
from santorio.stats.exact_posterior import ExactPosterior
from santorio.trials.analysis.preprocessing import MIN_DAYS_PER_ARM
from santorio.trials.report.data import ReportData, Result
from santorio.trials.report.interim_text import control_table, interim_table
from santorio.trials.report.posterior_summary import Posterior, StandardisedPosterior
from santorio.trials.report.text import (
    adherence_text,
    capital,
    exclusions_text,
    in_unit,
    prior_conflict_text,
    with_unit,
)

NOT_RANDOMISED = (
    "Chance does not decide on which days an arm is followed, so this is no randomised comparison: the effect as "
    "assigned is the answer. Left out are the days that are known not to have followed their arm; days of which nobody "
    "knows are in it."
)

NORMAL_ERRORS = "“As done” is computed with normal errors, an approximation here."

# What a part of the prior rests on; protocols of before do not say.
PARTS = {
    "association": "what your days suggested",
    "trial": "your earlier trial",
    "population": "trials of others here",
}


def report_tables(account: ReportData) -> list[ReportTable]:
    """Every table of a trial's report, the primary outcome first."""
    grids = [_effects_table(account), _days_table(account), _adhered_table(account), _as_done_table(account)]
    if account.looks.done:
        grids.insert(1, interim_table(account))
    if account.run.control:
        grids.append(control_table(account.run.control))
    if account.run.secondary:
        grids.append(_secondary_table(account))
    grids.append(_prior_table(account))
    return grids


def _interval(lower: float, upper: float) -> str:
    return f"{number(lower)} to {number(upper)}"


def _p_value(result: Result, *, missing: str) -> str:
    return missing if result.randomisation_p is None else f"{result.randomisation_p:.2g}"


def _effects_table(account: ReportData) -> ReportTable:
    results = account.run.primary
    delta = as_given(results[0].smallest_effect)
    measures = (
        "Effect",
        "95 % interval",
        "50 % interval",
        "Difference of plain means",
        f"Probability of more than {delta}",
        f"Probability within ±{delta}",
        f"Probability of less than −{delta}",
        "Repeats in another cycle",
        "Randomisation test, p",
        "Decision",
    )
    decided = account.stage == "ended"
    columns = [
        (
            number(result.estimate, signed=True),
            _interval(result.lower_95, result.upper_95),
            _interval(result.lower_50, result.upper_50),
            number(result.raw_difference, signed=True),
            percent(result.probability_above),
            percent(result.probability_within),
            percent(result.probability_below),
            "one cycle" if result.probability_repeats is None else percent(result.probability_repeats),
            _p_value(result, missing="none possible"),
            result.decision if decided else "none before the end",
        )
        for result in results
    ]
    rows = list(zip(measures, *columns, strict=True))
    if isinstance(account.posterior, StandardisedPosterior):
        rows.insert(2, _ratios(account.posterior, len(results)))
    return ReportTable(
        with_unit(capital(label(results[0].outcome)), results[0]) + ": the answer",
        ("", *(f"{result.arm} against {result.reference_arm}" for result in results)),
        rows,
        "The randomisation test re-draws the order of the arms by the law it was drawn by; it needs no model of days.",
    )


def _ratios(posterior: StandardisedPosterior, contrasts: int) -> tuple[str, ...]:
    name = "Ratio of expected counts" if posterior.link_name == "log" else "Odds ratio"
    ratios = [posterior.ratio(contrast) for contrast in range(1, contrasts + 1)]
    return (
        f"{name}, with its 95 % interval",
        *(f"{number(ratio)} ({number(lower)} to {number(upper)})" for ratio, lower, upper in ratios),
    )


def _days_table(account: ReportData) -> ReportTable:
    posterior, result = account.posterior, account.run.primary[0]
    rows = []
    for arm, name in enumerate(posterior.arms):
        inside = (posterior.design.arm == arm) & account.come
        values = posterior.outcome[inside & posterior.design.known]
        rows.append(
            (
                name,
                str(int(inside.sum())),
                str(int(inside.sum()) - len(values)),
                f"{values.mean():.4g}",
                f"{values.std(ddof=1):.3g}",
            )
        )
    return ReportTable(
        with_unit(capital(label(result.outcome)), result) + ": days as they are",
        ("Arm", "Study days", "Without a value", "Mean", "SD"),
        rows,
        exclusions_text(account),
    )


def _adhered_table(account: ReportData) -> ReportTable:
    rows = []
    for name in account.posterior.arms:
        days = [day for day in account.followed if day.arm == name]
        by = [day.known_by for day in days]
        done = [day.done for day in days]
        rows.append(
            (
                name,
                len(days),
                done.count(True),
                done.count(False),
                done.count(None),
                by.count("data"),
                by.count("said"),
            )
        )
    return ReportTable(
        "Were the arms followed?",
        (
            "Arm",
            "Study days so far",
            "Followed",
            "Not followed",
            "Not known",
            "Known by data",
            "Known by word",
        ),
        [(row[0], *map(str, row[1:])) for row in rows],
        adherence_text(account),
    )


def _as_done_table(account: ReportData) -> ReportTable:
    """The effect as assigned, and without the days that did not follow their arm."""
    not_followed = [day_number(day.day) for day in account.followed if day.done is False]
    note = NOT_RANDOMISED
    if account.posterior.family is not None:
        note += f" {NORMAL_ERRORS}"
    done: ExactPosterior | None = None
    if not_followed:
        model = account.trial.preregistration.model
        done = account.posterior.without(not_followed, model.fading(), model.prior())
        if done is None:
            note = f"Without the days that did not follow their arm, an arm has fewer than {MIN_DAYS_PER_ARM} days."
    else:
        note = "No study day is known not to have followed its arm: there is nothing to leave out."
    rows: list[tuple[str, ...]] = [
        (
            f"{result.arm}, as assigned",
            number(result.estimate, signed=True),
            _interval(result.lower_95, result.upper_95),
            percent(result.probability_above),
            percent(result.probability_below),
            str(result.days_arm + result.days_reference),
        )
        for result in account.run.primary
    ]
    if done is not None:
        rows += [
            _as_done(account.posterior, result, done, k, not_followed)
            for k, result in enumerate(account.run.primary, 1)
        ]
    delta = as_given(account.run.primary[0].smallest_effect)
    return ReportTable(
        "As assigned, and as done",
        ("", "Effect", "95 % interval", f"More than {delta}", f"Less than −{delta}", "Days"),
        rows,
        note,
    )


def _as_done(
    posterior: Posterior, result: Result, done: ExactPosterior, contrast: int, not_followed: list[int]
) -> tuple[str, ...]:
    name, spread = f"arm_{contrast}", posterior.spread
    delta = result.smallest_effect / spread
    lower, upper = (spread * float(done.quantile(name, p)[0]) for p in (0.025, 0.975))
    kept = ~np.isin(posterior.design.day, not_followed) & posterior.design.known
    return (
        f"{result.arm}, without days not followed",
        number(spread * float(done.mean(name)[0]), signed=True),
        _interval(lower, upper),
        percent(1 - float(done.below(name, delta)[0])),
        percent(float(done.below(name, -delta)[0])),
        str(int((kept & np.isin(posterior.design.arm, [0, contrast])).sum())),
    )


def _secondary_table(account: ReportData) -> ReportTable:
    return ReportTable(
        "Secondary outcomes",
        ("", "Effect", "95 % interval", "δ", "Above δ", "Within ±δ", "Below −δ", "Randomisation p"),
        [
            (
                f"{capital(label(result.outcome))}: {result.arm}",
                in_unit(result.estimate, result.unit, signed=True),
                _interval(result.lower_95, result.upper_95),
                as_given(result.smallest_effect),
                percent(result.probability_above),
                percent(result.probability_within),
                percent(result.probability_below),
                _p_value(result, missing="none"),
            )
            for result in account.run.secondary
        ],
        "The trial was not made for these, and they decide nothing: among several, one stands out by chance alone.",
    )


def _component(posterior: Posterior, mean: float, sd: float, unit: str) -> str:
    """A part of the prior in the outcome's unit, from one in units of σ."""
    above, below = posterior.in_unit(mean + sd), posterior.in_unit(mean - sd)
    return f"{number(posterior.in_unit(mean), signed=True)} ± {in_unit((above - below) / 2, unit)}"


def _prior_table(account: ReportData) -> ReportTable:
    prior = account.trial.preregistration.model.prior()
    results = account.run.primary
    after = [account.posterior.prior_weights(k, prior) for k, _ in enumerate(results, 1)]
    told = [*["belief"] * (prior.components - 1), "weak"]
    parts = account.trial.preregistration.model.effect_prior
    names = [PARTS.get(part.rests_on or "", usual) for part, usual in zip(parts, told, strict=True)]
    rows = [
        (
            f"{name}: {_component(account.posterior, mean, sd, results[0].unit)}",
            f"{100 * weight:.0f} %",
            *(f"{100 * weights[number_of_part]:.0f} %" for weights in after),
        )
        for number_of_part, (name, weight, mean, sd) in enumerate(
            zip(names, prior.weights, prior.means, prior.sds, strict=True)
        )
    ]
    sentences = dict.fromkeys(prior_conflict_text(prior, weights.tolist()) for weights in after)
    return ReportTable(
        "What was believed before, and what is left of it",
        ("Part of the prior", "Weight before", *(f"Weight after, {result.arm}" for result in results)),
        rows,
        " ".join(sentences),
    )
