"""The data of a trial's analysis from the marts: protocols, study days, and the outcome of each study day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import psycopg

from santorio.analyses.series import Series, day_number
from santorio.arrays import FloatArray, IntArray
from santorio.metrics import Direction
from santorio.people import Person
from santorio.trials.interventions.intervention import NegativeControl
from santorio.trials.preregistration import (
    NOT_PREREGISTERED,
    Preregistration,
    load_protocol_history,
    reconstruct_preregistration,
)

# Usual names of the reference arm, for trials whose protocol does not put it first.
REFERENCES = ("control", "placebo", "off", "baseline", "usual", "as usual", "none")


@dataclass(frozen=True)
class Trial:
    """A trial as planned or recorded: its protocol and the arm assigned to every study day.

    Attributes
    ----------
    arms : tuple[str, ...]
        The reference first.
    study_day : IntArray
        Ascending.
    first_day, last_day : IntArray
        Dates that a study day spans, as days since 1970-01-01.
    arm : IntArray
        Index of the assigned arm: intention to treat.
    preregistration : Preregistration
        When the protocol was recorded and changed, and how its schedule was randomised.
    full_schedule : IntArray or None
        Arms of all study days, where this is only the first part of the trial.
    """

    name: str
    question: str
    arms: tuple[str, ...]
    outcome: str
    secondary: tuple[str, ...]
    direction: Direction | None
    smallest_effect: float | None
    lag_days: int | None
    period_days: int | None
    washout_days: int
    study_day: IntArray
    first_day: IntArray
    last_day: IntArray
    arm: IntArray
    as_of: dt.datetime
    preregistration: Preregistration = NOT_PREREGISTERED
    full_schedule: IntArray | None = None

    @property
    def schedule(self) -> IntArray:
        """Arms of all study days, including later ones: the randomization is that of the complete schedule."""
        if self.full_schedule is None:
            return self.arm
        return self.full_schedule

    @property
    def negative_control(self) -> NegativeControl | None:
        """The outcome that no arm can change; None where the protocol does not name one."""
        frozen = self.preregistration.frozen
        return frozen.negative_control if frozen else None

    @property
    def metrics(self) -> tuple[str, ...]:
        """All outcomes to analyse, the primary one first."""
        metrics = [self.outcome, *self.secondary]
        if self.negative_control:
            metrics.append(self.negative_control.series)
        return tuple(dict.fromkeys(metrics))

    @property
    def is_complete(self) -> bool:
        """Whether it has all planned days; an abandoned trial does not."""
        return len(self.study_day) >= self.preregistration.planned_days

    def ended(self, today: dt.date, lag_days: int) -> bool:
        """Whether the last study day's outcome has had two days to arrive.

        A trial that was abandoned before its planned days never ends: nothing is decided from a part of it.
        """
        return self.is_complete and self.has_arrived(len(self.study_day), today, lag_days)

    def has_arrived(self, days: int, today: dt.date, lag_days: int) -> bool:
        """Whether the outcome of the study day of this number has had two days to arrive."""
        # From the second day after the outcome's day on, see `santorio.trials.protocol.OUTCOME_COMPLETE_DAYS`.
        return day_number(today) > int(self.last_day[days - 1]) + lag_days + 1

    def until(self, days: int) -> "Trial":
        """The first `days` study days of the trial."""
        return replace(
            self,
            study_day=self.study_day[:days],
            first_day=self.first_day[:days],
            last_day=self.last_day[:days],
            arm=self.arm[:days],
            full_schedule=self.schedule,
        )


def load_trials(connection: psycopg.Connection, person: Person) -> list[Trial]:
    """Load a person's trials that have scheduled or recorded days."""
    user_id, versions = person.user_id, load_protocol_history(connection, person)
    protocols = connection.execute(
        """
        select trial, coalesce(question, ''), arms, outcome, secondary, direction, smallest_effect, lag_days,
               period_days, coalesce(washout_days, 0), as_of
        from marts.trials where user_id = %s and outcome is not null order by trial
        """,
        [user_id],
    ).fetchall()
    trials = []
    for protocol in protocols:
        days = connection.execute(
            """
            select study_day, first_day, last_day, arm, as_of from marts.trial_days
            where user_id = %s and trial = %s order by study_day
            """,
            [user_id, protocol[0]],
        ).fetchall()
        if not days:
            continue
        first_days = [first_day for _, first_day, *_ in days]
        preregistration = reconstruct_preregistration(versions.get(str(protocol[0]), ()), first_days)
        trials.append(_assemble(protocol, days, preregistration))
    return trials


def _assemble(
    protocol: tuple[object, ...], days: Sequence[tuple[object, ...]], preregistration: Preregistration
) -> Trial:
    name, question, arms, outcome, secondary, direction, smallest_effect, lag, period, washout, as_of = (
        protocol
    )
    study_day, first, last, assigned, days_as_of = zip(*days, strict=True)
    labels = arm_labels(_names(arms), [str(arm) for arm in assigned])
    return Trial(
        name=str(name),
        question=str(question),
        arms=labels,
        outcome=str(outcome),
        secondary=tuple(_names(secondary)),
        direction=_direction(direction),
        smallest_effect=_positive(smallest_effect),
        lag_days=_integer(lag),
        period_days=_integer(period),
        washout_days=_integer(washout) or 0,
        study_day=np.array(study_day, dtype=np.int64),
        first_day=np.array([day_number(day) for day in first], dtype=np.int64),
        last_day=np.array([day_number(day) for day in last], dtype=np.int64),
        arm=np.array([labels.index(str(arm)) for arm in assigned], dtype=np.int64),
        as_of=max(as_of, *days_as_of),
        preregistration=preregistration,
    )


def _names(stored: object) -> list[str]:
    if not isinstance(stored, list):
        return []
    return [str(name) for name in stored]


def _integer(stored: object) -> int | None:
    return stored if isinstance(stored, int) else None


def _direction(stored: object) -> Direction | None:
    if stored == "lower":
        return "lower"
    if stored == "higher":
        return "higher"
    return None


def _positive(smallest_effect: object) -> float | None:
    """The smallest effect of a protocol; None for 0 or less, which any effect would exceed: the metric's own counts."""
    if isinstance(smallest_effect, int | float) and smallest_effect > 0:
        return float(smallest_effect)
    return None


def arm_labels(stated: Sequence[str], assigned: Sequence[str]) -> tuple[str, ...]:
    """The assigned arms, the reference first: in the protocol's order, else by the usual names of a reference."""
    used = set(assigned)
    in_protocol = [arm for arm in stated if arm in used]
    others = sorted(used - set(in_protocol), key=lambda arm: (arm.casefold() not in REFERENCES, arm))
    return (*in_protocol, *others)


def study_outcome(trial: Trial, series: Series, lag_days: int) -> FloatArray:
    """Outcome of every study day: the mean over its dates, weighted by samples; NaN where there is none.

    A study day may span two dates, when it ends after midnight: hence the weights.

    Returns
    -------
    FloatArray
        In the series' unit, shape (study days,).
    """
    outcome = np.full(len(trial.study_day), np.nan)
    for index, (first, last) in enumerate(zip(trial.first_day, trial.last_day, strict=True)):
        inside = (series.day >= first + lag_days) & (series.day <= last + lag_days)
        if inside.any():
            outcome[index] = np.average(series.value[inside], weights=series.samples[inside])
    return outcome
