"""The tables of a trial's report: the answer, its days, whether they followed their arms, the belief before."""

import numpy as np

from santorio.analyses.series import day_number
from santorio.metrics import label
from santorio.rendering.report import ReportTable
from santorio.rendering.text import as_given, number, percent
from santorio.stats.exact_posterior import ExactPosterior
from santorio.trials.analysis.preprocessing import MIN_DAYS_PER_ARM
from santorio.trials.report.data import Account, Result
from santorio.trials.report.interim_text import control_grid, looks_grid
from santorio.trials.report.posterior_summary import Posterior, StandardisedPosterior
from santorio.trials.report.text import adhered_words, capital, conflict, in_unit, left_out_words, with_unit

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


def grids_of(account: Account) -> list[ReportTable]:
    """Every table of a trial's report, what the person asked first."""
    grids = [_effects_grid(account), _days_grid(account), _adhered_grid(account), _as_done_grid(account)]
    if account.looks.done:
        grids.insert(1, looks_grid(account))
    if account.run.control:
        grids.append(control_grid(account.run.control))
    if account.run.secondary:
        grids.append(_secondary_grid(account))
    grids.append(_prior_grid(account))
    return grids


def _effects_grid(account: Account) -> ReportTable:
    results = account.run.primary
    delta = as_given(results[0].smallest_effect)
    measures = (
        "Effect", "95 % interval", "50 % interval", "Difference of plain means", f"Probability of more than {delta}",
        f"Probability within ±{delta}", f"Probability of less than −{delta}", "Repeats in another cycle",
        "Randomisation test, p", "Decision",
    )  # fmt: skip
    decided = account.stage == "ended"
    columns = [
        (
            number(one.estimate, signed=True), f"{number(one.lower_95)} to {number(one.upper_95)}",
            f"{number(one.lower_50)} to {number(one.upper_50)}", number(one.raw_difference, signed=True),
            percent(one.probability_above), percent(one.probability_within), percent(one.probability_below),
            "one cycle" if one.probability_repeats is None else percent(one.probability_repeats),
            "none possible" if one.randomisation_p is None else f"{one.randomisation_p:.2g}",
            one.decision if decided else "none before the end",
        )
        for one in results
    ]  # fmt: skip
    rows = list(zip(measures, *columns, strict=True))
    if isinstance(account.posterior, StandardisedPosterior):
        rows.insert(2, _ratios(account.posterior, len(results)))
    return ReportTable(
        with_unit(capital(label(results[0].outcome)), results[0]) + ": the answer",
        ("", *(f"{one.arm} against {one.reference_arm}" for one in results)),
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


def _days_grid(account: Account) -> ReportTable:
    posterior, result = account.posterior, account.run.primary[0]
    rows = []
    for arm, name in enumerate(posterior.arms):
        inside = (posterior.design.arm == arm) & account.come
        values = posterior.outcome[inside & posterior.design.known]
        rows.append(
            (
                name, str(int(inside.sum())), str(int(inside.sum()) - len(values)), f"{values.mean():.4g}",
                f"{values.std(ddof=1):.3g}",
            )
        )  # fmt: skip
    return ReportTable(
        with_unit(capital(label(result.outcome)), result) + ": days as they are",
        ("Arm", "Study days", "Without a value", "Mean", "SD"),
        rows,
        left_out_words(account),
    )


def _adhered_grid(account: Account) -> ReportTable:
    rows = []
    for name in account.posterior.arms:
        days = [one for one in account.followed if one.arm == name]
        by = [one.known_by for one in days]
        done = [one.done for one in days]
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
        adhered_words(account),
    )


def _as_done_grid(account: Account) -> ReportTable:
    """The effect as assigned, and without the days that did not follow their arm."""
    not_followed = [day_number(one.day) for one in account.followed if one.done is False]
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
            f"{one.arm}, as assigned",
            number(one.estimate, signed=True), f"{number(one.lower_95)} to {number(one.upper_95)}",
            percent(one.probability_above), percent(one.probability_below), str(one.days_arm + one.days_reference),
        )
        for one in account.run.primary
    ]  # fmt: skip
    if done is not None:
        rows += [
            _as_done(account.posterior, one, done, k, not_followed)
            for k, one in enumerate(account.run.primary, 1)
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
        number(spread * float(done.mean(name)[0]), signed=True), f"{number(lower)} to {number(upper)}",
        percent(1 - float(done.below(name, delta)[0])), percent(float(done.below(name, -delta)[0])),
        str(int((kept & np.isin(posterior.design.arm, [0, contrast])).sum())),
    )  # fmt: skip


def _secondary_grid(account: Account) -> ReportTable:
    return ReportTable(
        "Secondary outcomes",
        ("", "Effect", "95 % interval", "δ", "Above δ", "Within ±δ", "Below −δ", "Randomisation p"),
        [
            (
                f"{capital(label(one.outcome))}: {one.arm}",
                in_unit(one.estimate, one.unit, signed=True), f"{number(one.lower_95)} to {number(one.upper_95)}",
                as_given(one.smallest_effect), percent(one.probability_above), percent(one.probability_within),
                percent(one.probability_below),
                "none" if one.randomisation_p is None else f"{one.randomisation_p:.2g}",
            )
            for one in account.run.secondary
        ],
        "The trial was not made for these, and they decide nothing: among several, one stands out by chance alone.",
    )  # fmt: skip


def _component(posterior: Posterior, mean: float, sd: float, unit: str) -> str:
    """A part of the prior in the outcome's unit, from one in units of σ."""
    above, below = posterior.in_unit(mean + sd), posterior.in_unit(mean - sd)
    return f"{number(posterior.in_unit(mean), signed=True)} ± {in_unit((above - below) / 2, unit)}"


def _prior_grid(account: Account) -> ReportTable:
    prior = account.trial.preregistration.model.prior()
    results = account.run.primary
    after = [account.posterior.prior_weights(k, prior) for k, _ in enumerate(results, 1)]
    told = [*["belief"] * (prior.components - 1), "weak"]
    parts = account.trial.preregistration.model.effect_prior
    names = [PARTS.get(one.rests_on or "", usual) for one, usual in zip(parts, told, strict=True)]
    rows = [
        (
            f"{name}: {_component(account.posterior, mean, sd, results[0].unit)}",
            f"{100 * weight:.0f} %",
            *(f"{100 * one[place]:.0f} %" for one in after),
        )
        for place, (name, weight, mean, sd) in enumerate(
            zip(names, prior.weights, prior.means, prior.sds, strict=True)
        )
    ]
    said = dict.fromkeys(conflict(prior, one.tolist()) for one in after)
    return ReportTable(
        "What was believed before, and what is left of it",
        ("Part of the prior", "Weight before", *(f"Weight after, {one.arm}" for one in results)),
        rows,
        " ".join(said),
    )
