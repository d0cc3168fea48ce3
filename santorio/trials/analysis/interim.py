"""Planned looks of a trial: which are due, what was found at each, and what a look that decided leaves standing.

A look is analysed once, from the study days up to it and no others, whenever that happens: the answer follows from the
protocol and its days, not from when somebody typed a command. The first look that decides on every arm ends the trial.

What is decided stands for the data it was decided from: fitted again, by newer code, it is not decided again. Where
those days are corrected afterwards it is judged anew by the same threshold; that is told, and the trial stays over.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from santorio.analyses.cache_key import cache_key
from santorio.analyses.series import date_of
from santorio.people import Person
from santorio.stats.decisions import DECISION_THRESHOLD, INTERIM_THRESHOLD
from santorio.trials.analysis.data import Trial
from santorio.trials.analysis.preprocessing import Prepared

GOES_ON = "keep going"


@dataclass(frozen=True)
class InterimResult:
    """What a look found of one arm: the three probabilities, and what they decide there."""

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
    """A planned look that was analysed.

    Attributes
    ----------
    after_days : int
        Study days up to it.
    due_on : date
        First day on which it could be analysed.
    day : date
        The person's date when it was.
    decisive : bool
        Whether it decided on every arm, and so ended the trial.
    inputs : str
        Hash of the data that it rests on.
    found : tuple[InterimResult, ...]
        One an arm, of the primary outcome.
    """

    run_id: UUID
    after_days: int
    due_on: dt.date
    day: dt.date
    decisive: bool
    inputs: str
    found: tuple[InterimResult, ...]

    @property
    def is_late(self) -> bool:
        """Whether it was analysed later than it could have been."""
        return self.day > self.due_on

    @property
    def decisions(self) -> dict[str, str]:
        """What it decided, by arm."""
        return {one.arm: one.decision for one in self.found}


@dataclass(frozen=True)
class InterimAnalyses:
    """All that was published of a trial's looks.

    Attributes
    ----------
    runs : tuple[InterimAnalysis, ...]
        In the order in which they were published; of the look that ended the trial, each time it was fitted.
    is_over : bool
        Whether the whole trial was analysed: looks that were left out by then stay so.
    """

    runs: tuple[InterimAnalysis, ...] = ()
    is_over: bool = False

    @property
    def done(self) -> tuple[InterimAnalysis, ...]:
        """Every look that was done, as it was done first."""
        first: dict[int, InterimAnalysis] = {}
        for one in self.runs:
            first.setdefault(one.after_days, one)
        return tuple(first.values())

    @property
    def stop(self) -> InterimAnalysis | None:
        """The look that ended the trial."""
        return next((one for one in self.done if one.decisive), None)

    @property
    def corrected(self) -> InterimAnalysis | None:
        """The newest analysis of the look that ended the trial, where its data were corrected since."""
        stop, newest = self.stop, self.runs[-1] if self.runs else None
        return newest if stop and newest and newest.inputs != stop.inputs else None

    def of_the_same_data(self, inputs: str) -> InterimAnalysis | None:
        """The newest analysis of the look that ended the trial from these data: what it decided stands."""
        same = [one for one in self.runs if one.inputs == inputs]
        return same[-1] if self.stop and same else None

    def due(self, trial: Trial, today: dt.date, lag_days: int) -> list[int]:
        """Planned looks that can be analysed and were not, in their order.

        Only what was promised before the first day counts. After a trial was given up nothing is decided from a part
        of it, not at a look either.
        """
        registered = trial.preregistration
        if self.stop or self.is_over or not trial.is_whole or registered.after_days or not registered.frozen:
            return []
        newest = max((one.after_days for one in self.done), default=0)
        return [
            days
            for days in registered.frozen.decision_rule.interim_days
            if newest < days < len(trial.study_day) and trial.has_arrived(days, today, lag_days)
        ]


NO_INTERIM_ANALYSES = InterimAnalyses()


@dataclass(frozen=True)
class AnalysisPoint:
    """At which point a trial is judged.

    Attributes
    ----------
    today : date
        The person's date.
    ended : bool
        Whether it is at its end; at a look the look says so.
    threshold : float
        What one probability must reach.
    look : int or None
        Study days up to a planned look, where it is one.
    due_on : date or None
        First day on which that look could be analysed.
    looks : InterimAnalyses
        What was published before.
    """

    today: dt.date
    ended: bool = False
    threshold: float = DECISION_THRESHOLD
    look: int | None = None
    due_on: dt.date | None = None
    looks: InterimAnalyses = NO_INTERIM_ANALYSES

    @property
    def decides(self) -> bool:
        """Whether anything may be decided: before the end only at a planned look."""
        return self.ended or self.look is not None


def at_interim(
    trial: Trial, days: int, lag_days: int, today: dt.date, looks: InterimAnalyses
) -> AnalysisPoint:
    """The moment of a planned look, or of one that ended the trial."""
    frozen = trial.preregistration.frozen
    threshold = frozen.decision_rule.interim_threshold if frozen else None
    due_on = date_of(int(trial.last_day[days - 1]) + lag_days + 2)
    return AnalysisPoint(
        today, threshold=threshold or INTERIM_THRESHOLD, look=days, due_on=due_on, looks=looks
    )


def inputs_of(prepared: Prepared) -> str:
    """Hash of what a look rests on: its days, their arms and values, and by what they are judged; no code."""
    design = prepared.design
    return cache_key(
        prepared.metric, prepared.smallest_effect, prepared.outcome, design.day, design.arm, design.cycle,
        code=(), libraries=(),
    )  # fmt: skip


def decide_interim(
    rows: Sequence[Mapping[str, object]], prepared: Prepared, moment: AnalysisPoint
) -> tuple[list[dict[str, object]], dict[str, object]]:
    """Decide at a look: what its rows publish, and what the run keeps of the look.

    Parameters
    ----------
    rows : Sequence[Mapping[str, object]]
        Rows of `analysis.trial_results`, judged by the threshold of a look.
    """
    inputs = inputs_of(prepared)
    primary = {str(row["arm"]): str(row["decision"]) for row in rows if row["is_primary"]}
    standing = moment.looks.of_the_same_data(inputs)
    if standing is not None:
        primary = standing.decisions
    decisive = GOES_ON not in primary.values()
    over = decisive or moment.looks.stop is not None
    settled = [
        {
            **row,
            "decision": (primary[str(row["arm"])] if row["is_primary"] else row["decision"])
            if over
            else GOES_ON,
        }
        for row in rows
    ]
    assert moment.due_on is not None  # noqa: S101 - a look has its day
    told: dict[str, object] = {
        "after_days": moment.look,
        "due_on": moment.due_on.isoformat(),
        "done_on": moment.today.isoformat(),
        "decisive": decisive,
        "inputs": inputs,
    }
    return settled, told


def load_interim_analyses(connection: psycopg.Connection, person: Person, trial: str) -> InterimAnalyses:
    """Read what was published of a trial's planned looks."""
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
    runs = [
        InterimAnalysis(
            run_id=run_id,
            after_days=int(look["after_days"]),
            due_on=dt.date.fromisoformat(look["due_on"]),
            day=dt.date.fromisoformat(look["done_on"]),
            decisive=look["decisive"] is True,
            inputs=str(look["inputs"]),
            found=_read_found(connection, run_id),
        )
        for run_id, look, _ in rows
        if look is not None
    ]
    return InterimAnalyses(tuple(runs), is_over=any(ended and look is None for _, look, ended in rows))


def _read_found(connection: psycopg.Connection, run_id: UUID) -> tuple[InterimResult, ...]:
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
    """Whether a run of this fingerprint was recorded: a look whose fit was refused is not fitted every night."""
    row = connection.execute(
        "select from analysis.runs where user_id = %s and kind = 'trial' and target = %s and fingerprint = %s limit 1",
        [person.user_id, trial, key],
    ).fetchone()
    return row is not None
