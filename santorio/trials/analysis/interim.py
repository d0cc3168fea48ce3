"""Interim analyses of a trial: which are due, their results, and when one ends the trial.

An interim analysis is done once, from the study days up to it and no others, whenever that happens: the answer follows
from the protocol and its days, not from the time of a command. The first one that decides on every arm ends the trial.

A decision stands for the data that it was made from: fitted again, by newer code, those data do not decide again. If
the days are corrected later, the same threshold is applied to them; the report mentions it, and the trial stays over.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from santorio.analyses.cache_key import cache_key
from santorio.analyses.series import date_of
from santorio.people import Person
from santorio.stats.decisions import DECISION_THRESHOLD, INTERIM_THRESHOLD
from santorio.trials.analysis.data import Trial
from santorio.trials.analysis.preprocessing import Prepared

KEEP_GOING = "keep going"


@dataclass(frozen=True)
class InterimResult:
    """The result of an interim analysis for one arm: the three probabilities, and the decision that follows."""

    arm: str
    reference_arm: str
    estimate: float
    lower_95: float
    upper_95: float
    probability_above: float
    probability_within: float
    probability_below: float
    decision: str


@dataclass(frozen=True)
class InterimAnalysis:
    """An interim analysis that was done.

    Attributes
    ----------
    after_days : int
        Study days up to it.
    due_on : date
        First day on which it could be analysed.
    day : date
        The person's local date when it was done.
    decisive : bool
        Whether it decided on every arm, which ends the trial.
    inputs : str
        Hash of its data.
    results : tuple[InterimResult, ...]
        Of the primary outcome, for each arm.
    """

    run_id: UUID
    after_days: int
    due_on: dt.date
    day: dt.date
    decisive: bool
    inputs: str
    results: tuple[InterimResult, ...]

    @property
    def is_late(self) -> bool:
        """Whether it was analysed later than it could have been."""
        return self.day > self.due_on

    @property
    def decisions(self) -> dict[str, str]:
        """The decisions, by arm."""
        return {result.arm: result.decision for result in self.results}


@dataclass(frozen=True)
class InterimAnalyses:
    """All published interim analyses of a trial.

    Attributes
    ----------
    runs : tuple[InterimAnalysis, ...]
        In the order of publication; the one that ended the trial appears each time it was fitted.
    is_over : bool
        Whether the complete trial was analysed: interim analyses that were not done by then are never done.
    """

    runs: tuple[InterimAnalysis, ...] = ()
    is_over: bool = False

    @property
    def done(self) -> tuple[InterimAnalysis, ...]:
        """The first run of every interim analysis."""
        first: dict[int, InterimAnalysis] = {}
        for run in self.runs:
            first.setdefault(run.after_days, run)
        return tuple(first.values())

    @property
    def last_after_days(self) -> int:
        """Study days up to the last interim analysis that was done; 0 before the first."""
        return max((analysis.after_days for analysis in self.done), default=0)

    @property
    def stop(self) -> InterimAnalysis | None:
        """The interim analysis that ended the trial."""
        for analysis in self.done:
            if analysis.decisive:
                return analysis
        return None

    @property
    def corrected(self) -> InterimAnalysis | None:
        """The newest run of the interim analysis that ended the trial, if its data were corrected since."""
        stop = self.stop
        if stop is None or self.runs[-1].inputs == stop.inputs:
            return None
        return self.runs[-1]

    def with_inputs(self, inputs: str) -> InterimAnalysis | None:
        """The newest run from these data, once an interim analysis has ended the trial: its decision stands."""
        if self.stop is None:
            return None
        for run in reversed(self.runs):
            if run.inputs == inputs:
                return run
        return None

    def due(self, trial: Trial, today: dt.date, lag_days: int) -> list[int]:
        """Study days of the interim analyses that can be done and were not, in their order.

        Only what the protocol planned before the first day counts. After a trial was abandoned nothing is decided from
        a part of it, not at an interim analysis either.
        """
        preregistration = trial.preregistration
        if self.stop or self.is_over or not trial.is_complete:
            return []
        if preregistration.frozen is None or preregistration.after_days:
            return []
        # An interim analysis that was missed is not done after a later one.
        first = self.last_after_days + 1
        due = []
        for days in preregistration.frozen.decision_rule.interim_days:
            is_remaining = first <= days < len(trial.study_day)
            if is_remaining and trial.has_arrived(days, today, lag_days):
                due.append(days)
        return due


NO_INTERIM_ANALYSES = InterimAnalyses()


@dataclass(frozen=True)
class AnalysisPoint:
    """The point at which a trial is analysed: today, or at an interim analysis.

    Attributes
    ----------
    today : date
        The person's local date.
    ended : bool
        Whether the trial has ended; at an interim analysis its own results decide that.
    threshold : float
        The probability that a decision requires.
    interim_after_days : int or None
        Study days up to the interim analysis; None where it is not one.
    due_on : date or None
        First day on which the interim analysis could be done.
    interim : InterimAnalyses
        What was published before.
    """

    today: dt.date
    ended: bool = False
    threshold: float = DECISION_THRESHOLD
    interim_after_days: int | None = None
    due_on: dt.date | None = None
    interim: InterimAnalyses = NO_INTERIM_ANALYSES

    @property
    def decides(self) -> bool:
        """Whether anything may be decided: before the end only at an interim analysis."""
        return self.ended or self.interim_after_days is not None


def at_present(trial: Trial, lag_days: int, today: dt.date) -> AnalysisPoint:
    """The point of an analysis of all days that a trial has today, judged by the threshold that its protocol froze."""
    ended = trial.ended(today, lag_days)
    return AnalysisPoint(today, ended=ended, threshold=trial.preregistration.threshold)


def at_interim(
    trial: Trial, days: int, lag_days: int, today: dt.date, interim: InterimAnalyses
) -> AnalysisPoint:
    """The point of an interim analysis that is due, or of the one that ended the trial."""
    frozen = trial.preregistration.frozen
    threshold = frozen.decision_rule.interim_threshold if frozen else None
    # The first day on which `Trial.has_arrived` is true.
    due_on = date_of(int(trial.last_day[days - 1]) + lag_days + 2)
    return AnalysisPoint(
        today,
        threshold=threshold or INTERIM_THRESHOLD,
        interim_after_days=days,
        due_on=due_on,
        interim=interim,
    )


def inputs_hash(prepared: Prepared) -> str:
    """Hash of the data of an interim analysis: its days, their arms and values, and δ.

    It does not include the code: a newer version of Santorio does not reopen a decision.
    """
    design = prepared.design
    return cache_key(
        prepared.metric,
        prepared.smallest_effect,
        prepared.outcome,
        design.day,
        design.arm,
        design.cycle,
        code=(),
        libraries=(),
    )


@dataclass(frozen=True)
class InterimDecision:
    """The outcome of an interim analysis.

    Attributes
    ----------
    rows : list[dict[str, object]]
        Rows of `analysis.trial_results` with their final decisions.
    is_over : bool
        Whether the trial is over: this analysis ended it, or it had been ended before.
    diagnostics : dict[str, object]
        What the run stores about the analysis, under `look`.
    """

    rows: list[dict[str, object]]
    is_over: bool
    diagnostics: dict[str, object]


def decide_interim(
    rows: Sequence[Mapping[str, object]], prepared: Prepared, point: AnalysisPoint
) -> InterimDecision:
    """Decide whether an interim analysis ends the trial.

    Parameters
    ----------
    rows : Sequence[Mapping[str, object]]
        Rows of `analysis.trial_results`, decided by the threshold of an interim analysis.
    """
    assert point.due_on is not None  # noqa: S101 - `at_interim` sets it
    inputs = inputs_hash(prepared)
    # A decision stands for its data: a newer fit of the same days does not decide again.
    earlier = point.interim.with_inputs(inputs)
    if earlier is not None:
        decisions = earlier.decisions
    else:
        decisions = {str(row["arm"]): str(row["decision"]) for row in rows if row["is_primary"]}
    is_decisive = KEEP_GOING not in decisions.values()
    is_over = is_decisive or point.interim.stop is not None
    # Before the trial is over no arm has a decision, nor has a secondary outcome.
    final_rows = []
    for row in rows:
        decision = row["decision"]
        if not is_over:
            decision = KEEP_GOING
        elif row["is_primary"]:
            decision = decisions[str(row["arm"])]
        final_rows.append({**row, "decision": decision})
    diagnostics: dict[str, object] = {
        "after_days": point.interim_after_days,
        "due_on": point.due_on.isoformat(),
        "done_on": point.today.isoformat(),
        "decisive": is_decisive,
        "inputs": inputs,
    }
    return InterimDecision(final_rows, is_over, diagnostics)


def load_interim_analyses(connection: psycopg.Connection, person: Person, trial: str) -> InterimAnalyses:
    """Load the published interim analyses of a trial."""
    rows = connection.execute(
        """
        select run_id, diagnostics -> 'look', coalesce(diagnostics ->> 'ended' = 'true', false)
        from analysis.runs
        where user_id = %s and kind = 'trial' and target = %s and status = 'accepted'
          and (diagnostics ? 'look' or diagnostics @> '{"ended": true}')
        order by created_at
        """,
        [person.user_id, trial],
    ).fetchall()
    runs: list[InterimAnalysis] = []
    is_over = False
    for run_id, stored, ended in rows:
        if stored is not None:
            runs.append(_parse_interim_analysis(run_id, stored, _load_results(connection, run_id)))
        elif ended:
            is_over = True
    return InterimAnalyses(tuple(runs), is_over=is_over)


def _parse_interim_analysis(
    run_id: UUID, stored: Mapping[str, Any], results: tuple[InterimResult, ...]
) -> InterimAnalysis:
    """Parse what `decide_interim` put into a run's diagnostics."""
    return InterimAnalysis(
        run_id=run_id,
        after_days=int(stored["after_days"]),
        due_on=dt.date.fromisoformat(stored["due_on"]),
        day=dt.date.fromisoformat(stored["done_on"]),
        decisive=stored["decisive"] is True,
        inputs=str(stored["inputs"]),
        results=results,
    )


def _load_results(connection: psycopg.Connection, run_id: UUID) -> tuple[InterimResult, ...]:
    rows = connection.execute(
        """
        select arm, reference_arm, estimate, lower_95, upper_95, probability_above, probability_within,
               probability_below, decision
        from analysis.trial_results where run_id = %s and is_primary order by arm
        """,
        [run_id],
    ).fetchall()
    return tuple(InterimResult(*row) for row in rows)


def was_attempted(connection: psycopg.Connection, person: Person, trial: str, key: str) -> bool:
    """Whether a run with this cache key was recorded: a rejected interim analysis is not fitted every night."""
    row = connection.execute(
        "select from analysis.runs where user_id = %s and kind = 'trial' and target = %s and fingerprint = %s limit 1",
        [person.user_id, trial, key],
    ).fetchone()
    return row is not None
