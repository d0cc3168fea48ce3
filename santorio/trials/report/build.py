"""The report of a trial that the app ran: the newest accepted run as text, tables and figures.

It is built from the posterior that the run stored. Nothing is fitted again, except the effect without the days that did
not follow their arm, which the exact engine computes.
"""

import datetime as dt

import numpy as np

from santorio.arrays import FloatArray
from santorio.local_time import in_words
from santorio.metrics import label
from santorio.rendering.charts import CaseRows, Interval, plot_effect, plot_forest, plot_rows
from santorio.rendering.report import Report, ReportFigure, render_report
from santorio.rendering.text import as_given, capitalize_first, percent, plural, with_unit
from santorio.stats.decisions import summarise
from santorio.stats.sampler import MAX_R_HAT, MIN_ESS
from santorio.trials.report.cent import cent_items
from santorio.trials.report.data import ReportData, Result
from santorio.trials.report.estimates import interval_text
from santorio.trials.report.interim_text import control_texts
from santorio.trials.report.posterior_summary import Posterior
from santorio.trials.report.tables import report_tables
from santorio.trials.report.text import (
    answer_text,
    changes_text,
    conclusion_text,
    date_range_text,
    exclusions_text,
    likelihood_deviation_texts,
    preregistered_text,
)

# Libraries whose versions can change a posterior; the fit stored them with it.
LIBRARIES = ("pymc", "nutpie", "arviz", "numpy")


def build_report(data: ReportData, generated_at: dt.datetime | None = None) -> str:
    """Build the report of a trial as one HTML page."""
    arms = "”, “".join(data.posterior.arms)
    outcome = label(data.run.primary[0].outcome)
    figures = [_days_figure(data)]
    for contrast in range(1, len(data.posterior.arms)):
        figures += _effect_figures(data, contrast)
    return render_report(
        Report(
            title=data.trial.question or f"The trial “{data.trial.name}”",
            question=(
                f"A trial of one person, {date_range_text(data)}: “{arms}”; the primary outcome is {outcome}."
            ),
            answer=answer_text(data),
            meaning=conclusion_text(data),
            figures=figures,
            tables=report_tables(data),
            checks=_checks(data),
            decided_before=preregistered_text(data),
            decided_after=changes_text(data),
            cent=cent_items(data),
            hashes=_hashes(data),
            versions=_versions(data),
            generated_at=generated_at or dt.datetime.now(dt.UTC),
        )
    )


def _days_figure(data: ReportData) -> ReportFigure:
    posterior, result = data.posterior, data.run.primary[0]
    name = capitalize_first(label(result.outcome))
    image = plot_rows(
        [CaseRows("", posterior.design.day, posterior.design.arm, posterior.outcome)],
        posterior.arms,
        with_unit(name, result.unit),
        "Study day",
        dated=True,
    )
    return ReportFigure(
        "Every study day",
        image,
        f"{name} of every study day, {date_range_text(data)}. Each arm has its own marker; shaded periods are not the "
        "reference; lines are the arms' means. A day without a marker was not analysed.",
    )


def _effect_figures(data: ReportData, contrast: int) -> list[ReportFigure]:
    result = data.run.primary[contrast - 1]
    axis_label = with_unit(f"Effect on {label(result.outcome)}", result.unit)
    figures = [_effect_figure(data, contrast, result, axis_label)]
    cycles = data.posterior.cycles(contrast)
    if cycles:
        figures.append(_cycles_figure(cycles, result, axis_label))
    return figures


def _effect_figure(data: ReportData, contrast: int, result: Result, axis_label: str) -> ReportFigure:
    """Prior and posterior of an arm's effect."""
    # The prior of the protocol, in units of σ; `densities` converts it to the outcome's unit.
    prior = data.trial.preregistration.model.prior()
    at, posterior_density, prior_density = data.posterior.densities(contrast, prior)
    interval = Interval(
        f"{result.arm} against {result.reference_arm}", result.estimate, result.lower_95, result.upper_95
    )
    image = plot_effect(at, posterior_density, prior_density, result.smallest_effect, interval, axis_label)
    delta = as_given(result.smallest_effect)
    return ReportFigure(
        f"The effect of {result.arm}",
        image,
        f"Prior and posterior of the effect. It is more than {delta} with a probability of "
        f"{percent(result.probability_above)}, less than −{delta} with {percent(result.probability_below)}, and "
        f"between with {percent(result.probability_within)}.",
    )


def _cycles_figure(cycles: list[FloatArray], result: Result, axis_label: str) -> ReportFigure:
    """The effect in each cycle, and on average."""
    intervals = [_draws_interval(f"cycle {cycle}", draws) for cycle, draws in enumerate(cycles, start=1)]
    average = Interval("on average", result.estimate, result.lower_95, result.upper_95, bold=True)
    caption = "The effect in each cycle, with its 95 % interval, and on average."
    if result.probability_repeats is not None:
        probability = percent(result.probability_repeats)
        caption += f" In one more cycle it would go the same way with a probability of {probability}."
    return ReportFigure(
        f"{result.arm}: does it repeat?",
        plot_forest([*intervals, average], result.smallest_effect, axis_label),
        caption,
    )


def _draws_interval(name: str, draws: FloatArray) -> Interval:
    lower, upper = np.quantile(draws, [0.025, 0.975])
    return Interval(name, float(draws.mean()), float(lower), float(upper))


def _checks(data: ReportData) -> list[str]:
    """The statements that a reader should check before trusting the answer, the most serious first."""
    posterior, run = data.posterior, data.run
    checks = []
    if run.newer_rejection:
        checks.append(f"A newer analysis was rejected; this one is older. {run.newer_rejection}")
    if data.stage != "ended":
        checks.append("The trial had not ended when this was computed: the results will change.")
    checks += control_texts(data)
    checks += likelihood_deviation_texts(data)
    checks.append(_sampler_check(posterior))
    checks.append(_correlation_check(posterior))
    # λ is 0 in every draw where the intervention acts within the day.
    carry_over = posterior.fit.draws["carry_over"]
    if carry_over.any():
        checks.append(
            f"{100 * carry_over.mean():.0f} % of the effective exposure carries over to the next day."
        )
    checks += _predictive_checks(posterior)
    checks.append(
        f"{plural(data.missing_days, 'study day')} of {int(data.has_come.sum())} without a value in the analysis; "
        f"no value was imputed. {exclusions_text(data)}"
    )
    checks.append(data.trial.preregistration.sentence())
    return checks


def _sampler_check(posterior: Posterior) -> str:
    diagnostics = posterior.fit.diagnostics
    return (
        f"Sampler: R-hat {diagnostics.r_hat:.3f} (required: below {MAX_R_HAT}), effective sample size "
        f"{diagnostics.ess_bulk:.0f} in bulk and {diagnostics.ess_tail:.0f} in the tails (required: above "
        f"{MIN_ESS:.0f}), {plural(diagnostics.divergences, 'divergent transition')}."
    )


def _correlation_check(posterior: Posterior) -> str:
    rho = summarise(posterior.day_correlation, 0.0)
    interval = interval_text(rho.lower_95, rho.upper_95)
    return (
        f"A day's correlation with the day before is {rho.estimate:.2f} (95 % interval {interval}); the model takes "
        "it into account."
    )


def _predictive_checks(posterior: Posterior) -> list[str]:
    shares, unusual = [], []
    for check in posterior.predictive_checks():
        shares.append(f"{check.feature}: {percent(check.share_above)} of simulated trials have more")
        if check.is_unusual:
            unusual.append(check.feature)
    sentences = [
        f"Days that the fitted model simulates, compared with the observed ones: {'; '.join(shares)}."
    ]
    if unusual:
        features = " and in ".join(unusual)
        sentences.append(
            f"The model hardly ever simulates days like these in {features}: read its intervals with care."
        )
    return sentences


def _hashes(data: ReportData) -> dict[str, str]:
    hashes = {}
    if protocol := data.attributes.get("protocol_sha256"):
        hashes["Protocol, as it was frozen"] = protocol
    hashes["Posterior, in the object store"] = data.run.posterior_object
    hashes["Inputs, code and settings of the run"] = data.run.fingerprint
    return hashes


def _versions(data: ReportData) -> dict[str, str]:
    run = data.run
    versions = {"Santorio": run.code_version}
    for library in LIBRARIES:
        versions[library] = data.attributes[f"version_of_{library}"]
    versions["Run"] = str(run.run_id)
    versions["Run made"] = _instant_text(run.made_at)
    versions["Data as of"] = _instant_text(run.as_of)
    return versions


def _instant_text(instant: dt.datetime) -> str:
    return f"{in_words(instant.date())}, {instant:%H:%M} UTC"
