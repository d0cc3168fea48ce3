"""The data of a report: the newest accepted run with its posterior, and the events and days of the trial."""

import datetime as dt
from collections.abc import Mapping, Sequence
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
from santorio.trials.analysis.data import Trial, load_trials, study_outcome
from santorio.trials.analysis.interim import NO_INTERIM_ANALYSES, InterimAnalyses
from santorio.trials.analysis.preprocessing import prepare
from santorio.trials.events import AnyTrialEvent
from santorio.trials.lifecycle import TrialState
from santorio.trials.protocol_validation import slug
from santorio.trials.report.posterior_summary import Posterior
from santorio.trials.repository import load_proposal, load_trial_events, load_trial_status

Stage = Literal["running", "paused", "abandoned", "awaiting analysis", "ended"]
REFIT_HINT = "Type `santorio run --force`: it is fitted again, and its posterior is stored."


@dataclass(frozen=True)
class Result:
    """The published result for one outcome and one arm: a row of `analysis.trial_results`."""

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

    @property
    def is_secondary(self) -> bool:
        """Whether it is of an outcome that an arm may change, beside the primary one."""
        return not self.is_primary and not self.is_negative_control


@dataclass(frozen=True)
class AcceptedRun:
    """The newest run that was accepted.

    Attributes
    ----------
    results : tuple[Result, ...]
        Of the primary outcome first, in the order of the arms.
    newer_rejection : str or None
        Why a newer run was rejected; None where this run is the newest.
    """

    run_id: UUID
    made_at: dt.datetime
    as_of: dt.datetime
    code_version: str
    fingerprint: str
    diagnostics: Mapping[str, object]
    posterior_object: str
    results: tuple[Result, ...]
    newer_rejection: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the trial had ended when it was analysed."""
        return self.diagnostics.get("ended") is True

    @property
    def primary(self) -> tuple[Result, ...]:
        """Results of the primary outcome, one for each arm."""
        return tuple(result for result in self.results if result.is_primary)

    @property
    def secondary(self) -> tuple[Result, ...]:
        """Results of the other outcomes that an arm may change."""
        return tuple(result for result in self.results if result.is_secondary)

    @property
    def control(self) -> tuple[Result, ...]:
        """Results of the outcome that no arm can change, one for each arm; empty without a negative control."""
        return tuple(result for result in self.results if result.is_negative_control)


@dataclass(frozen=True)
class PostStopEffect:
    """The effect with the days between the data of the interim analysis that ended a trial and its date.

    It is shown, and decides nothing. `days` counts those days; the effect is computed by the exact engine, in the
    outcome's unit.
    """

    arm: str
    days: int
    estimate: float
    lower_95: float
    upper_95: float


@dataclass(frozen=True)
class ReportData:
    """All data of a trial's report.

    Attributes
    ----------
    events : tuple[AnyTrialEvent, ...]
        In the order of the log.
    attributes : Mapping[str, str]
        Attributes of the posterior's file.
    adherence : tuple[AdherenceDay, ...]
        Of the study days up to today; after an interim analysis that ended the trial, of those up to it.
    today : date
        The person's local date.
    interim : InterimAnalyses
        The published interim analyses.
    post_stop_effects : tuple[PostStopEffect, ...]
        One for each arm, where study days passed before the interim analysis that ended the trial was done.
    """

    trial: Trial
    state: TrialState
    events: tuple[AnyTrialEvent, ...]
    run: AcceptedRun
    posterior: Posterior
    attributes: Mapping[str, str]
    adherence: tuple[AdherenceDay, ...]
    today: dt.date
    interim: InterimAnalyses = NO_INTERIM_ANALYSES
    post_stop_effects: tuple[PostStopEffect, ...] = ()

    @property
    def stage(self) -> Stage:
        """The stage of the trial when it was analysed: only an ended trial has an answer."""
        if self.run.ended:
            return "ended"
        if self.state.name in {"completed", "stopped_early", "analysed"}:
            return "awaiting analysis"
        if self.state.name == "abandoned":
            return "abandoned"
        if self.state.name == "paused":
            return "paused"
        return "running"

    @property
    def planned_days(self) -> int:
        """Number of planned study days."""
        return self.trial.preregistration.planned_days or len(self.trial.study_day)

    @property
    def has_come(self) -> "np.typing.NDArray[np.bool_]":
        """Which study days of the posterior have come: the values of later ones are not missing."""
        return np.asarray(self.posterior.design.day <= day_number(self.today))

    @property
    def missing_days(self) -> int:
        """Number of study days that have come and have no value in the analysis."""
        return int((self.has_come & ~self.posterior.design.observed).sum())

    @property
    def elapsed_days(self) -> int:
        """Number of study days up to today; of a trial that was stopped early, those before that day."""
        last = day_number(self.today)
        if self.interim.stop:
            last = day_number(self.interim.stop.day) - 1
        return int((self.trial.first_day <= last).sum())


def load_report_data(
    connection: psycopg.Connection, store: ObjectStore, person: Person, name: str, today: dt.date
) -> ReportData:
    """Load the data of a report.

    Raises
    ------
    NotFound
        If the trial does not exist, has no published result yet, or its posterior is missing.
    """
    trial_name = slug(name)
    status = load_trial_status(connection, person, trial_name, today)
    run = _load_newest_run(connection, person, trial_name)
    if run is None:
        raise _no_result(connection, person, trial_name, status.state)
    trials = {trial.name: trial for trial in load_trials(connection, person)}
    if trial_name not in trials:
        raise _no_result(connection, person, trial_name, status.state)
    if run.posterior_object == "":
        raise NotFound("The newest analysis of this trial stored no posterior.", hint=REFIT_HINT)
    try:
        fit, attributes = fetch_posterior(store, run.posterior_object)
    except NotFound:
        raise NotFound("The posterior of this trial is not in the object store.", hint=REFIT_HINT) from None
    posterior = Posterior.from_fit(fit, run.primary[0].reference_arm)
    # Adherence is shown of the days that the answer rests on.
    until = today
    if status.interim.stop:
        # The study days after an interim analysis that stopped the trial are not part of it.
        until = min(today, date_of(int(posterior.design.day[-1])))
    adherence = load_adherence(connection, person, trial_name, status.protocol, status.state.adhered, until)
    return ReportData(
        trial=trials[trial_name],
        state=status.state,
        events=tuple(load_trial_events(connection, person, trial_name)) + status.pending,
        run=replace(run, results=_sorted_results(run.results, posterior.arms)),
        posterior=posterior,
        attributes=attributes,
        adherence=tuple(adherence),
        today=today,
        interim=status.interim,
        post_stop_effects=_load_post_stop_effects(connection, person, trials[trial_name], status.interim),
    )


def _sorted_results(results: Sequence[Result], arms: Sequence[str]) -> tuple[Result, ...]:
    """The primary outcome first, and the arms of each outcome in the order of the posterior."""
    positions = {arm: position for position, arm in enumerate(arms)}

    def key(result: Result) -> tuple[bool, str, int]:
        # False sorts before True.
        return (not result.is_primary, result.outcome, positions.get(result.arm, 0))

    return tuple(sorted(results, key=key))


def _load_post_stop_effects(
    connection: psycopg.Connection, person: Person, trial: Trial, interim: InterimAnalyses
) -> tuple[PostStopEffect, ...]:
    """Compute the effects with the days that passed before the interim analysis that ended the trial was done."""
    stop = interim.stop
    if stop is None:
        return ()
    elapsed = int((trial.first_day < day_number(stop.day)).sum())
    series = read_outcomes(connection, person.user_id, [trial.outcome]).get(trial.outcome)
    if series is None or elapsed <= stop.after_days:
        return ()
    part, model = trial.until(elapsed), trial.preregistration.model
    lag = trial.lag_days
    if lag is None:
        lag = find_outcome(trial.outcome).lag_days
    try:
        prepared = prepare(part, trial.outcome, study_outcome(part, series, lag), series.unit)
    except NotEnoughData:  # values that the analysis had were removed since
        return ()
    posterior = fit_trial(
        prepared.design, prepared.standard, carry_over=model.carry_over_prior(), prior=model.prior()
    )
    effects = []
    for contrast, arm in enumerate(trial.arms[1:], start=1):
        name, spread = f"arm_{contrast}", prepared.spread
        estimate = float(posterior.mean(name)[0])
        lower, upper = posterior.interval_95(name)
        days = elapsed - stop.after_days
        effects.append(PostStopEffect(arm, days, spread * estimate, spread * lower, spread * upper))
    return tuple(effects)


def _load_newest_run(connection: psycopg.Connection, person: Person, trial: str) -> AcceptedRun | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        runs = cursor.execute(
            """
            select run_id, created_at, as_of, code_version, fingerprint, diagnostics, posterior_object, status, reason
            from analysis.runs where user_id = %s and kind = 'trial' and target = %s
            order by created_at desc
            """,
            [person.user_id, trial],
        ).fetchall()
        accepted = [run for run in runs if run["status"] == "accepted"]
        if not accepted:
            return None
        run = accepted[0]
        # The fields of `Result` are columns of the table.
        names = ", ".join(field.name for field in fields(Result))
        rows = cursor.execute(
            f"select {names} from analysis.trial_results where run_id = %s",  # noqa: S608 - names of fields
            [run["run_id"]],
        ).fetchall()
    newest = runs[0]
    newer_rejection = newest["reason"] if newest["status"] == "rejected" else None
    return AcceptedRun(
        run_id=run["run_id"],
        made_at=run["created_at"],
        as_of=run["as_of"],
        code_version=run["code_version"],
        fingerprint=run["fingerprint"],
        diagnostics=run["diagnostics"],
        posterior_object=run["posterior_object"] or "",
        results=tuple(Result(**row) for row in rows),
        newer_rejection=newer_rejection,
    )


def _no_result(connection: psycopg.Connection, person: Person, trial: str, state: TrialState) -> NotFound:
    """The error that says why there is nothing to report, and what to do.

    The reasons are tried from the most specific one on: an analysis that was rejected, a trial that was not accepted
    or has not begun, a trial without an analysis, and last a name that does not exist.
    """
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
