"""What a report is made from: the newest accepted run with its posterior, and what the log tells of the trial."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal
from uuid import UUID

import numpy as np
import psycopg
from psycopg.rows import dict_row

from santorio.analyses.series import date_of, day_number, read_outcomes
from santorio.errors import NotEnoughData, NotFound
from santorio.metrics import outcome as find_outcome
from santorio.people import Person
from santorio.stats.decisions import Control, Decision
from santorio.stats.exact_inference import fit_trial
from santorio.stats.posterior_store import fetch_posterior
from santorio.storage.object_store import ObjectStore
from santorio.trials.adherence import AdherenceDay, load_adherence
from santorio.trials.analysis.data import Trial, read_trials, study_outcome
from santorio.trials.analysis.interim import NO_INTERIM_ANALYSES, InterimAnalyses
from santorio.trials.analysis.preprocessing import prepare
from santorio.trials.lifecycle import AnyTrialEvent, TrialState
from santorio.trials.protocol_validation import slug
from santorio.trials.report.posterior_summary import Posterior
from santorio.trials.repository import load_proposal, load_trial_events, load_trial_status

Stage = Literal["running", "paused", "given up", "over and not analysed", "ended"]
AGAIN = "Type `santorio run --force`: it is fitted again, and its posterior is kept."


@dataclass(frozen=True)
class Result:
    """What a run published of one outcome and one arm; see `analysis.trial_results`."""

    outcome: str
    arm: str
    reference_arm: str
    unit: str
    mean_arm: float
    mean_reference: float
    raw_difference: float
    days_arm: int
    days_reference: int
    estimate: float
    sd: float
    lower_95: float
    upper_95: float
    lower_50: float
    upper_50: float
    smallest_effect: float
    probability_above: float
    probability_within: float
    probability_below: float
    decision: Decision | Control
    cycles: int
    probability_repeats: float | None
    randomisation_p: float | None
    is_primary: bool
    is_negative_control: bool = False


@dataclass(frozen=True)
class AcceptedRun:
    """The newest run that was accepted.

    Attributes
    ----------
    results : tuple[Result, ...]
        Of the primary outcome first, in the order of the arms.
    refused_since : str or None
        Why a newer run was refused.
    """

    run_id: UUID
    made_at: dt.datetime
    as_of: dt.datetime
    code_version: str
    fingerprint: str
    diagnostics: Mapping[str, object]
    posterior_object: str
    results: tuple[Result, ...]
    refused_since: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the trial had ended when it was analysed."""
        return self.diagnostics.get("ended") is True

    @property
    def primary(self) -> tuple[Result, ...]:
        """Results of the primary outcome, one an arm."""
        return tuple(one for one in self.results if one.is_primary)

    @property
    def secondary(self) -> tuple[Result, ...]:
        """Results of the other outcomes that an arm may change."""
        return tuple(one for one in self.results if not one.is_primary and not one.is_negative_control)

    @property
    def control(self) -> tuple[Result, ...]:
        """Results of the outcome that no arm can change, one an arm; empty where there is none."""
        return tuple(one for one in self.results if one.is_negative_control)


@dataclass(frozen=True)
class PostStopEffect:
    """The effect with the days that were lived between a look that ended a trial and its analysis: no answer.

    `days` counts those days; the effect is the exact engine's, in the outcome's unit.
    """

    arm: str
    days: int
    estimate: float
    lower_95: float
    upper_95: float


@dataclass(frozen=True)
class ReportData:
    """All that a report of a trial tells.

    Attributes
    ----------
    today : date
        What day it is for the person.
    attributes : Mapping[str, str]
        What the posterior's file says of itself.
    events : tuple[AnyTrialEvent, ...]
        What happened to the trial, in the order of the log.
    followed : tuple[AdherenceDay, ...]
        Which study days up to today followed their arms; after a look that ended the trial, those up to it.
    looks : InterimAnalyses
        What was published of its planned looks.
    post_stop_effects : tuple[PostStopEffect, ...]
        One an arm, where days were lived after the look that ended it.
    """

    trial: Trial
    state: TrialState
    events: tuple[AnyTrialEvent, ...]
    run: AcceptedRun
    posterior: Posterior
    attributes: Mapping[str, str]
    followed: tuple[AdherenceDay, ...]
    today: dt.date
    looks: InterimAnalyses = NO_INTERIM_ANALYSES
    post_stop_effects: tuple[PostStopEffect, ...] = ()

    @property
    def stage(self) -> Stage:
        """Where the trial stood when it was analysed; what it may be said to have answered hangs on that."""
        if self.run.ended:
            return "ended"
        if self.state.name == "abandoned":
            return "given up"
        if self.state.name == "paused":
            return "paused"
        return (
            "over and not analysed"
            if self.state.name in {"completed", "stopped_early", "analysed"}
            else "running"
        )

    @property
    def planned_days(self) -> int:
        """Study days that were planned."""
        return self.trial.preregistration.planned_days or len(self.trial.study_day)

    @property
    def come(self) -> "np.typing.NDArray[np.bool_]":
        """Which study days of the posterior have come: of the others no value can be missing."""
        return np.asarray(self.posterior.design.day <= day_number(self.today))

    @property
    def missing_days(self) -> int:
        """Study days that have come and have no value that was judged."""
        return int((self.come & ~self.posterior.design.known).sum())

    @property
    def lived_days(self) -> int:
        """Study days that are over or running; of a trial that ended at a look, those before that day."""
        stop = self.looks.stop
        last = day_number(stop.day) - 1 if stop else day_number(self.today)
        return int((self.trial.first_day <= last).sum())


def load_report_data(
    connection: psycopg.Connection, store: ObjectStore, person: Person, name: str, today: dt.date
) -> ReportData:
    """Read what a report is made from.

    Raises
    ------
    NotFound
        If there is no such trial, nothing of it could be published yet, or its posterior is gone.
    """
    trial_name = slug(name)
    status = load_trial_status(connection, person, trial_name, today)
    run = _read_run(connection, person, trial_name)
    trials = {one.name: one for one in read_trials(connection, person)} if run else {}
    if run is None or trial_name not in trials:
        raise _no_answer(connection, person, trial_name, status.state)
    if run.posterior_object == "":
        raise NotFound("The newest analysis of this trial kept no posterior.", hint=AGAIN)
    try:
        fit, attributes = fetch_posterior(store, run.posterior_object)
    except NotFound:
        raise NotFound("The posterior of this trial is not in the object store.", hint=AGAIN) from None
    posterior = Posterior.of(fit, run.primary[0].reference_arm)
    order = {arm: place for place, arm in enumerate(posterior.arms)}
    results = sorted(run.results, key=lambda one: (not one.is_primary, one.outcome, order.get(one.arm, 0)))
    stop = status.interim.stop
    until = min(today, date_of(int(posterior.design.day[-1]))) if stop else today
    followed = load_adherence(connection, person, trial_name, status.protocol, status.state.adhered, until)
    return ReportData(
        trial=trials[trial_name],
        state=status.state,
        events=tuple(load_trial_events(connection, person, trial_name)) + status.pending,
        run=replace(run, results=tuple(results)),
        posterior=posterior,
        attributes=attributes,
        followed=tuple(followed),
        today=today,
        looks=status.interim,
        post_stop_effects=_load_post_stop_effects(connection, person, trials[trial_name], status.interim),
    )


def _load_post_stop_effects(
    connection: psycopg.Connection, person: Person, trial: Trial, looks: InterimAnalyses
) -> tuple[PostStopEffect, ...]:
    """Read what the days lived after the look that ended a trial would add: that is told, and decides nothing."""
    stop = looks.stop
    lived = int((trial.first_day < day_number(stop.day)).sum()) if stop else 0
    series = read_outcomes(connection, person.user_id, [trial.outcome]).get(trial.outcome) if stop else None
    if stop is None or series is None or lived <= stop.after_days:
        return ()
    part, model = trial.until(lived), trial.preregistration.model
    lag = find_outcome(trial.outcome).lag_days if trial.lag_days is None else trial.lag_days
    try:
        prepared = prepare(part, trial.outcome, study_outcome(part, series, lag), series.unit)
    except NotEnoughData:  # values of the days that were judged are gone since
        return ()
    found = fit_trial(prepared.design, prepared.standard, carry_over=model.fading(), prior=model.prior())
    told = []
    for contrast, arm in enumerate(trial.arms[1:], 1):
        name = f"arm_{contrast}"
        low, high = (prepared.spread * float(found.quantile(name, p)[0]) for p in (0.025, 0.975))
        told.append(
            PostStopEffect(
                arm, lived - stop.after_days, prepared.spread * float(found.mean(name)[0]), low, high
            )
        )
    return tuple(told)


def _read_run(connection: psycopg.Connection, person: Person, trial: str) -> AcceptedRun | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        runs = cursor.execute(
            """
            select run_id, created_at, as_of, code_version, fingerprint, diagnostics, posterior_object, status, reason
            from analysis.runs where user_id = %s and kind = 'trial' and target = %s
            order by created_at desc
            """,
            [person.user_id, trial],
        ).fetchall()
        run = next((one for one in runs if one["status"] == "accepted"), None)
        if run is None:
            return None
        names = ", ".join(one.name for one in fields(Result))
        rows = cursor.execute(
            f"select {names} from analysis.trial_results where run_id = %s",  # noqa: S608 - names are our own
            [run["run_id"]],
        ).fetchall()
    newest = runs[0]
    return AcceptedRun(
        run_id=run["run_id"],
        made_at=run["created_at"],
        as_of=run["as_of"],
        code_version=run["code_version"],
        fingerprint=run["fingerprint"],
        diagnostics=run["diagnostics"],
        posterior_object=run["posterior_object"] or "",
        results=tuple(Result(**row) for row in rows),
        refused_since=newest["reason"] if newest["status"] == "rejected" else None,
    )


def _no_answer(connection: psycopg.Connection, person: Person, trial: str, state: TrialState) -> NotFound:
    """Say why there is nothing to report, and what to do."""
    row = connection.execute(
        """
        select reason from analysis.runs
        where user_id = %s and kind = 'trial' and target = %s and status = 'rejected'
        order by created_at desc limit 1
        """,
        [person.user_id, trial],
    ).fetchone()
    if row is not None:
        return NotFound(
            f"No analysis of the trial “{trial}” could be published. {row[0]}",
            hint="More days help; `santorio run` tries again when there are some.",
        )
    if state.name in {"proposed", "declined"}:
        return NotFound(state.sentence, hint=f"`santorio trial accept {trial}` starts it.")
    if state.name == "unknown" and load_proposal(connection, person, trial) is not None:
        return NotFound(
            f"The trial “{trial}” is proposed and not accepted.",
            hint=f"`santorio trial accept {trial}` starts it.",
        )
    if state.name == "scheduled":
        return NotFound(state.sentence, hint=f"Its first day is {state.start_day}.")
    if state.name != "unknown" or _is_planned(connection, person, trial):
        return NotFound(
            f"The trial “{trial}” has no answer yet.",
            hint="Log its days, and type `santorio run`; `santorio trial show` says what it waits for.",
        )
    return NotFound(f"There is no trial called “{trial}”.", hint="`santorio trial list` names them.")


def _is_planned(connection: psycopg.Connection, person: Person, trial: str) -> bool:
    if connection.execute("select to_regclass('marts.trials')").fetchone() == (None,):
        return False
    row = connection.execute(
        "select from marts.trials where user_id = %s and trial = %s", [person.user_id, trial]
    ).fetchone()
    return row is not None
