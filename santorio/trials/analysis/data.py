"""What a trial's analysis reads from the marts: protocols, study days, and the outcome of each study day."""

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

# What people call the arm that changes nothing, when the protocol does not put one first.
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
        When the protocol was recorded and changed, and the law of its schedule.
    full_schedule : IntArray or None
        Arms of all study days, where this is the trial as it stood after the first of them.
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
        """Arms of all study days, those after a look too: its law is that of the whole."""
        return self.arm if self.full_schedule is None else self.full_schedule

    @property
    def negative_control(self) -> NegativeControl | None:
        """What no arm can change, as the protocol promised; None where it names nothing."""
        return self.preregistration.frozen.negative_control if self.preregistration.frozen else None

    @property
    def metrics(self) -> tuple[str, ...]:
        """All that is analysed, the primary outcome first."""
        control = self.negative_control
        return tuple(dict.fromkeys((self.outcome, *self.secondary, *([control.series] if control else []))))

    @property
    def is_complete(self) -> bool:
        """Whether it has all days that were planned: one that was given up has not."""
        return len(self.study_day) >= self.preregistration.planned_days

    def ended(self, today: dt.date, lag_days: int) -> bool:
        """Whether the last study day's outcome has had two days to arrive.

        A trial that was given up before its planned days never ends: nothing is decided from a part of it.
        """
        return self.is_complete and self.has_arrived(len(self.study_day), today, lag_days)

    def has_arrived(self, days: int, today: dt.date, lag_days: int) -> bool:
        """Whether the outcome of the study day of this number has had two days to arrive."""
        return day_number(today) > int(self.last_day[days - 1]) + lag_days + 1

    def until(self, days: int) -> "Trial":
        """The trial as it stood after its first `days` study days; what came later is not in it."""
        return replace(
            self,
            study_day=self.study_day[:days],
            first_day=self.first_day[:days],
            last_day=self.last_day[:days],
            arm=self.arm[:days],
            full_schedule=self.schedule,
        )


def load_trials(connection: psycopg.Connection, person: Person) -> list[Trial]:
    """Read a person's trials that have scheduled or recorded days."""
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
        if days:
            preregistration = reconstruct_preregistration(
                versions.get(str(protocol[0]), ()), [row[1] for row in days]
            )
            trials.append(_assemble(protocol, days, preregistration))
    return trials


def _assemble(
    protocol: tuple[object, ...], days: Sequence[tuple[object, ...]], preregistration: Preregistration
) -> Trial:
    name, question, arms, outcome, secondary, direction, smallest, lag, period, washout, known = protocol
    study_day, first, last, assigned, day_known = zip(*days, strict=True)
    labels = arm_labels(arms if isinstance(arms, list) else [], [str(arm) for arm in assigned])
    return Trial(
        name=str(name),
        question=str(question),
        arms=labels,
        outcome=str(outcome),
        secondary=tuple(str(metric) for metric in secondary) if isinstance(secondary, list) else (),
        direction="lower" if direction == "lower" else "higher" if direction == "higher" else None,
        # A δ of 0 or below would make any effect exceed it: then the metric's own counts.
        smallest_effect=float(smallest) if isinstance(smallest, int | float) and smallest > 0 else None,
        lag_days=lag if isinstance(lag, int) else None,
        period_days=period if isinstance(period, int) else None,
        washout_days=washout if isinstance(washout, int) else 0,
        study_day=np.array(study_day, dtype=np.int64),
        first_day=np.array([day_number(day) for day in first], dtype=np.int64),
        last_day=np.array([day_number(day) for day in last], dtype=np.int64),
        arm=np.array([labels.index(str(arm)) for arm in assigned], dtype=np.int64),
        as_of=max(known, *day_known),
        preregistration=preregistration,
    )


def arm_labels(protocol: Sequence[object], assigned: Sequence[str]) -> tuple[str, ...]:
    """Arms that were assigned, the reference first: as the protocol orders them, else what is called a control."""
    used = set(assigned)
    stated = [str(arm) for arm in protocol if str(arm) in used]
    others = sorted(used - set(stated), key=lambda arm: (arm.casefold() not in REFERENCES, arm))
    return (*stated, *others)


def study_outcome(trial: Trial, series: Series, lag_days: int) -> FloatArray:
    """Outcome of every study day: the mean over its dates, weighted by samples; NaN where there is none.

    A study day may span two dates (someone's day ended after midnight), hence the weights.
    """
    outcome = np.full(len(trial.study_day), np.nan)
    for i, (first, last) in enumerate(zip(trial.first_day, trial.last_day, strict=True)):
        inside = (series.day >= first + lag_days) & (series.day <= last + lag_days)
        if inside.any():
            outcome[i] = np.average(series.value[inside], weights=series.samples[inside])
    return outcome
