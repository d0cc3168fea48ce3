"""The report of a trial that the app ran: the newest accepted run put into the words, tables and drawings of a report.

It is made from the posterior that the run kept, and fits nothing again but one thing: the effect without the days that
did not follow their arm, by the exact engine.
"""

import datetime as dt

import numpy as np

from santorio.local_time import in_words
from santorio.metrics import label
from santorio.rendering.charts import CaseRows, Interval, plot_effect, plot_forest, plot_rows
from santorio.rendering.report import Report, ReportFigure, render_report
from santorio.rendering.text import as_given, number, percent, plural
from santorio.stats.decisions import Summary, summarise
from santorio.stats.sampler import MAX_R_HAT, MIN_ESS
from santorio.trials.report.cent import cent_items
from santorio.trials.report.data import ReportData
from santorio.trials.report.interim_text import control_texts
from santorio.trials.report.posterior_summary import Posterior
from santorio.trials.report.tables import report_tables
from santorio.trials.report.text import (
    answer,
    capital,
    changes_text,
    conclusion_text,
    date_range,
    deviations,
    exclusions_text,
    preregistered_text,
    with_unit,
)

LIBRARIES = ("pymc", "nutpie", "arviz", "numpy")


def report_of(account: ReportData, generated_at: dt.datetime | None = None) -> str:
    """Write the report of a trial as one HTML page."""
    primary = account.run.primary[0]
    name = account.trial.question or f"The trial “{account.trial.name}”"
    return render_report(
        Report(
            title=name,
            question=f"A trial of one person, {date_range(account)}: “{'”, “'.join(account.posterior.arms)}”; "
            f"what is judged is {label(primary.outcome)}.",
            answer=answer(account),
            meaning=conclusion_text(account),
            figures=[
                _days(account),
                *(one for k in range(1, len(account.posterior.arms)) for one in _effects(account, k)),
            ],
            tables=report_tables(account),
            checks=_checks(account),
            decided_before=preregistered_text(account),
            decided_after=changes_text(account),
            cent=cent_items(account),
            hashes=_hashes(account),
            versions=_versions(account),
            generated_at=generated_at or dt.datetime.now(dt.UTC),
        )
    )


def _days(account: ReportData) -> ReportFigure:
    posterior, result = account.posterior, account.run.primary[0]
    name = capital(label(result.outcome))
    image = plot_rows(
        [CaseRows("", posterior.design.day, posterior.design.arm, posterior.outcome)],
        posterior.arms,
        with_unit(name, result),
        "Study day",
        dated=True,
    )
    return ReportFigure(
        "Every study day",
        image,
        f"{name} that belongs to every study day, {date_range(account)}. Each arm has its own marker; shaded "
        "stretches are not the reference; lines are the arms' means. A day without a marker was not analysed.",
    )


def _effects(account: ReportData, contrast: int) -> list[ReportFigure]:
    posterior, result = account.posterior, account.run.primary[contrast - 1]
    at, density, before = posterior.densities(contrast, account.trial.preregistration.model.prior())
    told = Interval(
        f"{result.arm} against {result.reference_arm}", result.estimate, result.lower_95, result.upper_95
    )
    delta = as_given(result.smallest_effect)
    label_of_effect = with_unit(f"Effect on {label(result.outcome)}", result)
    pictures = [
        ReportFigure(
            f"The effect of {result.arm}",
            plot_effect(at, density, before, result.smallest_effect, told, label_of_effect),
            f"What is believed of the effect, before the data and after. It is more than {delta} with a probability of "
            f"{percent(result.probability_above)}, less than −{delta} with {percent(result.probability_below)}, and "
            f"between with {percent(result.probability_within)}.",
        )
    ]
    cycles = [
        _interval(f"cycle {number_of}", draws)
        for number_of, draws in enumerate(posterior.cycles(contrast), 1)
    ]
    if cycles:
        whole = Interval("on average", result.estimate, result.lower_95, result.upper_95, bold=True)
        repeats = (
            ""
            if result.probability_repeats is None
            else (
                " In one more cycle it would go the same way with a probability of "
                f"{percent(result.probability_repeats)}."
            )
        )
        pictures.append(
            ReportFigure(
                f"{result.arm}: does it repeat?",
                plot_forest([*cycles, whole], result.smallest_effect, label_of_effect),
                f"The effect in each cycle, with its 95 % interval, and on average.{repeats}",
            )
        )
    return pictures


def _interval(name: str, draws: np.ndarray) -> Interval:
    lower, upper = np.quantile(draws, [0.025, 0.975])
    return Interval(name, float(draws.mean()), float(lower), float(upper))


def _checks(account: ReportData) -> list[str]:
    posterior, run = account.posterior, account.run
    said = posterior.fit.diagnostics
    rho = summarise(posterior.day_correlation, 0.0)
    checks = []
    if run.refused_since:
        checks.append(f"A newer analysis was refused; this one is older. {run.refused_since}")
    if account.stage != "ended":
        checks.append("The trial had not ended when this was computed: figures will change.")
    checks += control_texts(account)
    checks += deviations(account)
    checks.append(
        f"Sampler: R-hat {said.r_hat:.3f} (wanted below {MAX_R_HAT}), effective sample size {said.ess_bulk:.0f} in "
        f"bulk and {said.ess_tail:.0f} in the tails (wanted above {MIN_ESS:.0f}), "
        f"{plural(said.divergences, 'divergent transition')}."
    )
    checks.append(
        f"A day's correlation with the day before is {rho.estimate:.2f} (95 % interval {_range(rho)}); the model takes "
        "it into account."
    )
    carried = posterior.fit.draws["carry_over"]
    if carried.any():
        checks.append(f"{100 * carried.mean():.0f} % of what is felt carries over to the next day.")
    checks += _predicted(posterior)
    checks.append(
        f"{plural(account.missing_days, 'study day')} of {int(account.come.sum())} without a value that was judged; "
        f"no value was made up. {exclusions_text(account)}"
    )
    checks.append(account.trial.preregistration.sentence())
    return checks


def _range(one: Summary) -> str:
    return f"{number(one.lower_95)} to {number(one.upper_95)}"


def _predicted(posterior: Posterior) -> list[str]:
    told = posterior.predictive_checks()
    said = "; ".join(
        f"{one.feature}: {percent(one.share_above)} of simulated trials have more" for one in told
    )
    unusual = [one.feature for one in told if one.is_unusual]
    checks = [f"Days that the fitted model makes, held against these: {said}."]
    if unusual:
        checks.append(
            f"The model hardly ever makes days like these in {' and in '.join(unusual)}: mind its intervals."
        )
    return checks


def _hashes(account: ReportData) -> dict[str, str]:
    protocol = account.attributes.get("protocol_sha256")
    frozen = {"Protocol, as it was frozen": protocol} if protocol else {}
    return {
        **frozen,
        "Posterior, in the object store": account.run.posterior_object,
        "Inputs, code and settings of the run": account.run.fingerprint,
    }


def _versions(account: ReportData) -> dict[str, str]:
    run = account.run
    libraries = {name: account.attributes[f"version_of_{name}"] for name in LIBRARIES}
    return {
        "Santorio": run.code_version,
        **libraries,
        "Run": str(run.run_id),
        "Run made": f"{in_words(run.made_at.date())}, {run.made_at:%H:%M} UTC",
        "Data known until": f"{in_words(run.as_of.date())}, {run.as_of:%H:%M} UTC",
    }
