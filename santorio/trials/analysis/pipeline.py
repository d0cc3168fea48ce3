"""The analysis of a person's trials: read, fit, judge, decide, publish.

A trial whose input is unchanged is not refitted.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
import psycopg

from santorio import local_time
from santorio.analyses.cache_key import cache_key
from santorio.analyses.run_store import Run, RunReport, last_cache_key, publish
from santorio.analyses.series import Series, describe_exclusions, read_outcomes
from santorio.arrays import FloatArray
from santorio.errors import NotEnoughData
from santorio.metrics import outcome as find_outcome
from santorio.people import Person
from santorio.stats.decisions import (
    DECISION_THRESHOLD,
    Decision,
    Summary,
    classify_control,
    decide,
    summarise,
)
from santorio.stats.effect_priors import WEAK
from santorio.stats.posterior_store import Provenance, store_posterior
from santorio.stats.randomization import randomisation_p
from santorio.stats.sampler import Fit
from santorio.storage.database.engine import Database
from santorio.storage.object_store import ObjectStore
from santorio.trials.analysis.data import Trial, read_trials, study_outcome
from santorio.trials.analysis.fit import (
    OutcomeFit,
    effect_draws,
    fit_outcome,
    labelled,
    model_of,
    probability_repeats,
)
from santorio.trials.analysis.flat_prior import flat_prior_estimates
from santorio.trials.analysis.interim import (
    AnalysisPoint,
    at_interim,
    decide_interim,
    load_interim_analyses,
    was_attempted,
)
from santorio.trials.analysis.preprocessing import Prepared, adjusted, prepare

Settings = Mapping[str, object]


def analyse_trials(
    database: Database,
    store: ObjectStore,
    person: Person,
    *,
    force: bool = False,
    sampler_config: Settings | None = None,
    today: dt.date | None = None,
) -> list[RunReport]:
    """Analyse every trial of a person and publish what may be published.

    Parameters
    ----------
    store : ObjectStore
        Where posteriors are kept.
    force : bool
        Fit even if nothing has changed.
    sampler_config : Mapping, optional
        Settings of the sampler that differ from the model's own.
    today : date, optional
        The person's date; decides whether a trial has ended. By default what it is where they are.
    """
    with database.connect() as connection:
        day = today or local_time.today(connection, person, dt.datetime.now(dt.UTC))
        trials = read_trials(connection, person)
        wanted = sorted({metric for trial in trials for metric in trial.metrics})
        outcomes = read_outcomes(connection, person.user_id, wanted)
    reports = [
        _analyse(database, store, person, trial, outcomes, day, sampler_config or {}, force=force)
        for trial in trials
    ]
    return [report for of_trial in reports for report in of_trial]


def _analyse(
    database: Database,
    store: ObjectStore,
    person: Person,
    trial: Trial,
    outcomes: Mapping[str, Series],
    today: dt.date,
    sampler_config: Settings,
    *,
    force: bool,
) -> list[RunReport]:
    """Analyse a trial at every planned look that is due, until one ends it; else as it stands today."""
    lag = _lag(trial, trial.outcome)
    with database.connect() as connection:
        looks = load_interim_analyses(connection, person, trial.name)

    def judged(whole: Trial, moment: AnalysisPoint) -> RunReport:
        return _judge(database, store, person, whole, outcomes, moment, sampler_config, force=force)

    if stop := looks.stop:
        moment = at_interim(trial, stop.after_days, lag, today, looks)
        return [judged(trial.until(stop.after_days), moment)]
    reports = []
    for number in looks.due(trial, today, lag):
        report = judged(trial.until(number), at_interim(trial, number, lag, today, looks))
        if report.status not in ("unchanged", "not enough data"):
            reports.append(report)
        if report.diagnostics.get("ended") is True and report.status == "accepted":
            return reports
    return [*reports, judged(trial, AnalysisPoint(today, ended=trial.ended(today, lag)))]


def _judge(
    database: Database,
    store: ObjectStore,
    person: Person,
    trial: Trial,
    outcomes: Mapping[str, Series],
    moment: AnalysisPoint,
    sampler_config: Settings,
    *,
    force: bool,
) -> RunReport:
    try:
        prepared = _prepare_all(trial, outcomes)
    except NotEnoughData as missing:
        return RunReport("trial", trial.name, "not enough data", str(missing))
    models = [model_of(one, sampler_config) for one in prepared]
    inputs = [
        value
        for one in prepared
        for value in (one.metric, one.smallest_effect, one.outcome, one.design.columns().values)
    ]
    key = cache_key(
        *inputs,
        trial.arms,
        trial.direction,
        trial.arm,
        trial.first_day,
        trial.period_days,
        trial.washout_days,
        trial.preregistration.as_json(),
        trial.preregistration.model.model_dump(mode="json"),
        (moment.ended, moment.look, moment.threshold),
        [(type(model).__name__, model.model_config, model.sampler_config) for model in models],
    )
    with database.connect() as connection:
        same = last_cache_key(connection, person.user_id, "trial", trial.name) == key
        # After a look whose fit was refused another run is the newest: nobody fits the look again every night.
        if moment.look is not None and moment.looks.stop is None:
            same = same or was_attempted(connection, person, trial.name, key)
        posterior = newest_posterior(connection, person, trial.name)
    lost = posterior is not None and not store.exists(posterior)
    if same and not (force or lost):
        return RunReport("trial", trial.name, "unchanged")
    run = _fit(store, person, trial, prepared, sampler_config, key, _as_of(trial, outcomes), moment=moment)
    used = {one.metric: outcomes[one.metric] for one in prepared}
    # An outcome follows its study day by a day or two.
    left_out = describe_exclusions(used, first=int(trial.first_day.min()), last=int(trial.last_day.max()) + 2)
    diagnostics = {**run.diagnostics, "left_out": left_out}
    run = replace(run, diagnostics=diagnostics, known_at=outcomes[trial.outcome].known_at)
    return publish(database, run, force=force or lost)


def newest_posterior(connection: psycopg.Connection, person: Person, trial: str) -> str | None:
    """Hash of the posterior that the newest run of a trial kept; None where it kept none."""
    row = connection.execute(
        """
        select posterior_object from analysis.runs where user_id = %s and kind = 'trial' and target = %s
        order by created_at desc limit 1
        """,
        [person.user_id, trial],
    ).fetchone()
    return row[0] if row else None


def _prepare_all(trial: Trial, outcomes: Mapping[str, Series]) -> list[Prepared]:
    """Prepare the primary outcome, which must have enough data, and whatever secondary ones have."""
    prepared = []
    for metric in trial.metrics:
        try:
            if metric not in outcomes:
                raise NotEnoughData(f"The trial “{trial.name}” has no day with its outcome yet.")
            series = outcomes[metric]
            values = study_outcome(trial, series, _lag(trial, metric))
            prepared.append(prepare(trial, metric, values, series.unit))
        except NotEnoughData:
            if metric == trial.outcome:
                raise
    return prepared


def _lag(trial: Trial, metric: str) -> int:
    if metric == trial.outcome and trial.lag_days is not None:
        return trial.lag_days
    control = trial.negative_control
    return control.lag if control and control.series == metric else find_outcome(metric).lag_days


def _as_of(trial: Trial, outcomes: Mapping[str, Series]) -> dt.datetime:
    return max(trial.as_of, *(outcomes[metric].as_of for metric in trial.metrics if metric in outcomes))


def _fit(
    store: ObjectStore,
    person: Person,
    trial: Trial,
    prepared: list[Prepared],
    sampler_config: Settings,
    key: str,
    as_of: dt.datetime,
    *,
    moment: AnalysisPoint,
) -> Run:
    rows: list[dict[str, object]] = []
    reports: dict[str, object] = {}
    problem: str | None = None
    judged: OutcomeFit | None = None
    promised = trial.preregistration.model
    for one in prepared:
        primary = one.metric == trial.outcome
        # What is believed of the primary outcome says nothing of another; that a habit wears off slowly does.
        prior = promised.prior() if primary else WEAK
        fitted = fit_outcome(one, promised.fading(), prior, sampler_config)
        fit = fitted.fit
        reports[one.metric] = fit.diagnostics.as_json()
        if fit.diagnostics.problem is None:
            alone = flat_prior_estimates(one, promised.fading())
            found = results(
                trial, one, fit, primary=primary, ended=moment.decides, threshold=moment.threshold
            )
            rows += [{**row, **effect.columns()} for row, effect in zip(found, alone, strict=True)]
            judged = fitted if primary else judged
        elif primary:
            problem = f"The fit cannot be trusted: {fit.diagnostics.problem}."
            break
    scheme, ended, look = prepared[0].randomization.kind, moment.ended, {}
    if moment.look is not None and problem is None:
        rows, told = decide_interim(rows, prepared[0], moment)
        ended, look = told["decisive"] is True or moment.looks.stop is not None, {"look": told}
    # The object before the row that refers to it: a crash between the two leaves an object that nobody asks for.
    frozen = trial.preregistration.frozen
    provenance = Provenance(frozen.sha256 if frozen else "", as_of)
    posterior = plot = None
    if judged:
        posterior = store_posterior(store, judged.model, labelled(judged.fit, trial, prepared[0]), provenance)
        plot = _plot(trial, prepared[0], effect_draws(judged.fit, prepared[0], 1))
    return Run(
        user_id=person.user_id,
        kind="trial",
        target=trial.name,
        fingerprint=key,
        as_of=as_of,
        rows=rows,
        diagnostics={
            "fits": reports,
            "likelihoods": {one.metric: _likelihood(one) for one in prepared},
            "randomisation": scheme,
            "ended": ended,
            "protocol": trial.preregistration.as_json(),
            **look,
        },
        plot=plot,
        reason=problem,
        posterior_object=posterior,
    )


def _likelihood(prepared: Prepared) -> dict[str, str]:
    """Which likelihood an outcome had, and why not the one that its protocol promised."""
    used: dict[str, str] = {"used": prepared.coded.family if prepared.coded else "normal"}
    return {**used, "deviation": prepared.deviation} if prepared.deviation else used


def results(
    trial: Trial,
    prepared: Prepared,
    fit: Fit,
    *,
    primary: bool,
    ended: bool,
    threshold: float = DECISION_THRESHOLD,
) -> list[dict[str, object]]:
    """Rows of `analysis.trial_results` for one outcome, one row an arm beside the reference."""
    known = prepared.known
    reference = prepared.outcome[known & (trial.arm == 0)]
    free_of_trend = np.full(len(trial.schedule), np.nan)
    free_of_trend[: len(trial.arm)] = adjusted(prepared)
    control = trial.negative_control
    is_control = control is not None and control.series == prepared.metric and not primary
    rows: list[dict[str, object]] = []
    for contrast in range(1, len(trial.arms)):
        treated = prepared.outcome[known & (trial.arm == contrast)]
        summary = summarise(effect_draws(fit, prepared, contrast), prepared.smallest_effect)
        verdict = (
            classify_control(summary)
            if is_control
            else _verdict(trial, prepared, summary, primary, threshold)
        )
        rows.append(
            {
                "trial": trial.name,
                "outcome": prepared.metric,
                "arm": trial.arms[contrast],
                "reference_arm": trial.arms[0],
                "unit": prepared.unit,
                "mean_arm": float(treated.mean()),
                "mean_reference": float(reference.mean()),
                "raw_difference": float(treated.mean() - reference.mean()),
                "days_arm": len(treated),
                "days_reference": len(reference),
                **asdict(summary),
                "smallest_effect": prepared.smallest_effect,
                # Stopping at the first good look would inflate the error rates: before the end it goes on.
                "decision": verdict if ended else "keep going",
                "cycles": prepared.design.cycles,
                "probability_repeats": probability_repeats(fit, prepared, contrast),
                # Re-drawn as a whole: days after a look have a say in which schedules are admissible.
                "randomisation_p": randomisation_p(
                    prepared.randomization, trial.schedule, free_of_trend, contrast
                ),
                "is_primary": primary,
                "is_negative_control": is_control,
            }
        )
    return rows


def _verdict(
    trial: Trial,
    prepared: Prepared,
    summary: Summary,
    primary: bool,  # noqa: FBT001 - passed on
    threshold: float,
) -> Decision:
    registered = find_outcome(prepared.metric)
    good = trial.direction if primary and trial.direction else registered.direction
    return decide(
        summary.probability_above,
        summary.probability_within,
        summary.probability_below,
        good,
        threshold=threshold,
    )


def _plot(trial: Trial, prepared: Prepared, effect: FloatArray) -> bytes:
    from santorio.trials.analysis.plot import plot_trial

    return plot_trial(trial, prepared, effect)
