"""The analysis of a person's trials: load, fit, decide, publish.

A trial whose input is unchanged is not fitted again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

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
    Control,
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
from santorio.trials.analysis.data import Trial, load_trials, study_outcome
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
    at_present,
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
        Where posteriors are stored.
    force : bool
        Fit even if nothing has changed.
    sampler_config : Mapping, optional
        Settings of the sampler that differ from the model's own.
    today : date, optional
        By default the person's local date. It decides whether a trial has ended.
    """
    with database.connect() as connection:
        day = today or local_time.today(connection, person, dt.datetime.now(dt.UTC))
        trials = load_trials(connection, person)
        metrics: set[str] = set()
        for trial in trials:
            metrics.update(trial.metrics)
        outcomes = read_outcomes(connection, person.user_id, sorted(metrics))
    reports = []
    for trial in trials:
        reports += _analyse(database, store, person, trial, outcomes, day, sampler_config or {}, force=force)
    return reports


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
    """Analyse a trial at every interim analysis that is due, until one ends it; else as of today."""
    lag = _lag(trial, trial.outcome)
    with database.connect() as connection:
        interim = load_interim_analyses(connection, person, trial.name)

    def analyse_at(part: Trial, point: AnalysisPoint) -> RunReport:
        return _analyse_at(database, store, person, part, outcomes, point, sampler_config, force=force)

    if stop := interim.stop:
        # Corrected days are fitted again, up to that analysis; the trial stays over.
        point = at_interim(trial, stop.after_days, lag, today, interim)
        return [analyse_at(trial.until(stop.after_days), point)]
    reports = []
    for days in interim.due(trial, today, lag):
        report = analyse_at(trial.until(days), at_interim(trial, days, lag, today, interim))
        if report.status not in ("unchanged", "not enough data"):
            reports.append(report)
        if report.diagnostics.get("ended") is True and report.status == "accepted":
            return reports
    return [*reports, analyse_at(trial, at_present(trial, lag, today))]


def _analyse_at(
    database: Database,
    store: ObjectStore,
    person: Person,
    trial: Trial,
    outcomes: Mapping[str, Series],
    point: AnalysisPoint,
    sampler_config: Settings,
    *,
    force: bool,
) -> RunReport:
    """Analyse the days of a trial up to a point, and publish the run; unchanged input is not fitted again."""
    try:
        prepared = _prepare_all(trial, outcomes)
    except NotEnoughData as missing:
        return RunReport("trial", trial.name, "not enough data", str(missing))
    key = _cache_key(trial, prepared, point, sampler_config)
    with database.connect() as connection:
        is_unchanged = last_cache_key(connection, person.user_id, "trial", trial.name) == key
        # After a rejected interim analysis, another run is the newest: it must not be fitted again every night.
        if point.interim_after_days is not None and point.interim.stop is None:
            is_unchanged = is_unchanged or was_attempted(connection, person, trial.name, key)
        posterior = newest_posterior(connection, person, trial.name)
    # The object store may have been emptied: without the posterior there is no report.
    is_lost = posterior is not None and not store.exists(posterior)
    if is_unchanged and not (force or is_lost):
        return RunReport("trial", trial.name, "unchanged")
    run = _fit(store, person, trial, prepared, sampler_config, key, _as_of(trial, outcomes), point=point)
    used = {outcome.metric: outcomes[outcome.metric] for outcome in prepared}
    # An outcome follows its study day by a day or two.
    exclusions = describe_exclusions(
        used, first=int(trial.first_day.min()), last=int(trial.last_day.max()) + 2
    )
    diagnostics = {**run.diagnostics, "left_out": exclusions}
    run = replace(run, diagnostics=diagnostics, known_at=outcomes[trial.outcome].known_at)
    return publish(database, run, force=force or is_lost)


def _cache_key(
    trial: Trial, prepared: Sequence[Prepared], point: AnalysisPoint, sampler_config: Settings
) -> str:
    """Hash of everything that a run depends on."""
    inputs: list[object] = []
    for outcome in prepared:
        columns = outcome.design.columns().values
        inputs += [outcome.metric, outcome.smallest_effect, outcome.outcome, columns]
    models = [model_of(outcome, sampler_config) for outcome in prepared]
    return cache_key(
        *inputs,
        trial.arms,
        trial.direction,
        trial.arm,
        trial.first_day,
        trial.period_days,
        trial.washout_days,
        trial.preregistration.as_json(),
        trial.preregistration.model.model_dump(mode="json"),
        (point.ended, point.interim_after_days, point.threshold),
        [(type(model).__name__, model.model_config, model.sampler_config) for model in models],
    )


def newest_posterior(connection: psycopg.Connection, person: Person, trial: str) -> str | None:
    """Hash of the posterior that the newest run of a trial stored; None where it stored none."""
    row = connection.execute(
        """
        select posterior_object from analysis.runs where user_id = %s and kind = 'trial' and target = %s
        order by created_at desc limit 1
        """,
        [person.user_id, trial],
    ).fetchone()
    return row[0] if row else None


def _prepare_all(trial: Trial, outcomes: Mapping[str, Series]) -> list[Prepared]:
    """Prepare the primary outcome, which must have enough data, and the others that have enough."""
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
    if control and control.series == metric:
        return control.lag
    return find_outcome(metric).lag_days


def _as_of(trial: Trial, outcomes: Mapping[str, Series]) -> dt.datetime:
    """When the newest of the trial's data became known."""
    instants = [outcomes[metric].as_of for metric in trial.metrics if metric in outcomes]
    return max(trial.as_of, *instants)


@dataclass
class _TrialFit:
    """The fits of all outcomes of a trial.

    Attributes
    ----------
    rows : list[dict[str, object]]
        Rows of `analysis.trial_results`.
    diagnostics : dict[str, object]
        Diagnostics of the sampler, by outcome.
    primary : OutcomeFit or None
        The fit of the primary outcome; None where it failed its diagnostics.
    problem : str or None
        Why it failed them.
    """

    rows: list[dict[str, object]] = field(default_factory=list)
    diagnostics: dict[str, object] = field(default_factory=dict)
    primary: OutcomeFit | None = None
    problem: str | None = None


def _fit_outcomes(
    trial: Trial, prepared: Sequence[Prepared], sampler_config: Settings, point: AnalysisPoint
) -> _TrialFit:
    """Fit every outcome, until the primary one fails its diagnostics; another that fails them is skipped."""
    trial_fit = _TrialFit()
    model = trial.preregistration.model
    carry_over = model.carry_over_prior()
    for outcome in prepared:
        is_primary = outcome.metric == trial.outcome
        # The effect's prior is about the primary outcome alone; the prior of carry-over is about the intervention.
        prior = model.prior() if is_primary else WEAK
        outcome_fit = fit_outcome(outcome, carry_over, prior, sampler_config)
        fit = outcome_fit.fit
        trial_fit.diagnostics[outcome.metric] = fit.diagnostics.as_json()
        if fit.diagnostics.problem is None:
            flat_prior = flat_prior_estimates(outcome, carry_over)
            rows = results(
                trial, outcome, fit, primary=is_primary, ended=point.decides, threshold=point.threshold
            )
            for row, estimate in zip(rows, flat_prior, strict=True):
                trial_fit.rows.append({**row, **estimate.columns()})
            if is_primary:
                trial_fit.primary = outcome_fit
        elif is_primary:
            trial_fit.problem = f"The fit cannot be trusted: {fit.diagnostics.problem}."
            break
    return trial_fit


def _fit(
    store: ObjectStore,
    person: Person,
    trial: Trial,
    prepared: list[Prepared],
    sampler_config: Settings,
    key: str,
    as_of: dt.datetime,
    *,
    point: AnalysisPoint,
) -> Run:
    """Fit every outcome, and store the posterior of the primary one."""
    trial_fit = _fit_outcomes(trial, prepared, sampler_config, point)
    rows, ended = trial_fit.rows, point.ended
    interim_diagnostics: dict[str, object] = {}
    if point.interim_after_days is not None and trial_fit.problem is None:
        interim = decide_interim(rows, prepared[0], point)
        rows, ended, interim_diagnostics = interim.rows, interim.is_over, {"look": interim.diagnostics}
    # The object is stored before the row that refers to it: a crash between the two leaves an unused object.
    posterior = plot = None
    if primary := trial_fit.primary:
        frozen = trial.preregistration.frozen
        provenance = Provenance(frozen.sha256 if frozen else "", as_of)
        fit = labelled(primary.fit, trial, prepared[0])
        posterior = store_posterior(store, primary.model, fit, provenance)
        plot = _plot(trial, prepared[0], effect_draws(primary.fit, prepared[0], 1))
    return Run(
        user_id=person.user_id,
        kind="trial",
        target=trial.name,
        fingerprint=key,
        as_of=as_of,
        rows=rows,
        diagnostics={
            "fits": trial_fit.diagnostics,
            "likelihoods": {outcome.metric: _likelihood(outcome) for outcome in prepared},
            "randomisation": prepared[0].randomization.kind,
            "ended": ended,
            "protocol": trial.preregistration.as_json(),
            **interim_diagnostics,
        },
        plot=plot,
        reason=trial_fit.problem,
        posterior_object=posterior,
    )


def _likelihood(prepared: Prepared) -> dict[str, str]:
    """The likelihood of an outcome, and why it is not the one that the protocol promised, where it differs."""
    likelihood = {"used": "normal"}
    if prepared.coded:
        likelihood["used"] = prepared.coded.family
    if prepared.deviation:
        likelihood["deviation"] = prepared.deviation
    return likelihood


def results(
    trial: Trial,
    prepared: Prepared,
    fit: Fit,
    *,
    primary: bool,
    ended: bool,
    threshold: float = DECISION_THRESHOLD,
) -> list[dict[str, object]]:
    """Rows of `analysis.trial_results` for one outcome: one for each arm other than the reference.

    Parameters
    ----------
    primary : bool
        Whether it is the primary outcome.
    ended : bool
        Whether anything may be decided: at the end of the trial, or at an interim analysis.
    threshold : float
        The probability that a decision requires.
    """
    observed = prepared.observed
    reference = prepared.outcome[observed & (trial.arm == 0)]
    free_of_trend = np.full(len(trial.schedule), np.nan)
    free_of_trend[: len(trial.arm)] = adjusted(prepared)
    control = trial.negative_control
    is_control = control is not None and control.series == prepared.metric and not primary
    rows: list[dict[str, object]] = []
    for contrast in range(1, len(trial.arms)):
        treated = prepared.outcome[observed & (trial.arm == contrast)]
        summary = summarise(effect_draws(fit, prepared, contrast), prepared.smallest_effect)
        # Deciding at the first convenient time would inflate the error rates: before the end nothing is decided.
        decision: Decision | Control = "keep going"
        if ended and is_control:
            decision = classify_control(summary)
        elif ended:
            decision = _decide(trial, prepared, summary, threshold, primary=primary)
        # The complete schedule is drawn again: its later days limit which schedules are admissible.
        p_value = randomisation_p(prepared.randomization, trial.schedule, free_of_trend, contrast)
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
                "decision": decision,
                "cycles": prepared.design.cycles,
                "probability_repeats": probability_repeats(fit, prepared, contrast),
                "randomisation_p": p_value,
                "is_primary": primary,
                "is_negative_control": is_control,
            }
        )
    return rows


def _decide(
    trial: Trial, prepared: Prepared, summary: Summary, threshold: float, *, primary: bool
) -> Decision:
    direction = find_outcome(prepared.metric).direction
    if primary and trial.direction:
        direction = trial.direction
    return decide(
        summary.probability_above,
        summary.probability_within,
        summary.probability_below,
        direction,
        threshold=threshold,
    )


def _plot(trial: Trial, prepared: Prepared, effect: FloatArray) -> bytes:
    from santorio.trials.analysis.plot import plot_trial

    return plot_trial(trial, prepared, effect)
