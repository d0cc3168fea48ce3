"""Whether the days of a trial followed their arms: by the data where they tell it, by what the person said, or unknown.

Intention to treat judges a trial; what was done stands beside it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import psycopg

from santorio.analyses.series import Series, date_of, read_exposures, read_outcomes
from santorio.people import Person
from santorio.trials.interventions.intervention import AdherenceSource
from santorio.trials.protocol import Protocol

# What was usual is the median of so many days before the trial.
BASELINE_DAYS = 60
MIN_BASELINE_DAYS = 14


@dataclass(frozen=True, slots=True)
class AdherenceDay:
    """One study day: its arm, whether it was followed (None: nobody knows), and how that is known."""

    day: dt.date
    arm: str
    done: bool | None
    known_by: Literal["data", "said", "unknown"]


def adherence(
    protocol: Protocol, said: Mapping[dt.date, bool], amounts: Mapping[dt.date, float], until: dt.date
) -> list[AdherenceDay]:
    """Tell of every study day up to `until` whether it followed its arm.

    The person's word goes before the data: they know why a figure is what it is. The data tell of days that something
    was to be done on; a day as usual is followed unless the person says otherwise, so that it is known by nothing.

    Parameters
    ----------
    said : Mapping[date, bool]
        What the person said of days.
    amounts : Mapping[date, float]
        What the data tell, from the days before the trial on; empty where they tell nothing.
    """
    if protocol.start_day is None:
        return []
    bound = _bound(protocol, amounts)
    days = []
    for place, arm in enumerate(protocol.assignment):
        day = protocol.start_day + dt.timedelta(days=place)
        if arm is None or day > until:
            continue
        if day in said:
            days.append(AdherenceDay(day, arm, said[day], "said"))
        elif bound is not None and arm != protocol.arms[0] and day in amounts:
            lower, upper = bound
            days.append(AdherenceDay(day, arm, lower <= amounts[day] <= upper, "data"))
        else:
            days.append(AdherenceDay(day, arm, None, "unknown"))
    return days


def adherence_rate(days: list[AdherenceDay]) -> float | None:
    """Share of the days of which it is known that followed their arm; None where it is known of none."""
    known = [one.done for one in days if one.done is not None]
    return sum(known) / len(known) if known else None


def _bound(protocol: Protocol, amounts: Mapping[dt.date, float]) -> tuple[float, float] | None:
    """Between what amounts a day followed its arm; None where the data cannot tell."""
    reading = protocol.adherence.read if protocol.adherence else None
    if reading is None or protocol.start_day is None:
        return None
    if reading.at_most is not None:
        return -np.inf, reading.at_most
    if reading.at_least is not None:
        return reading.at_least, np.inf
    first = protocol.start_day - dt.timedelta(days=BASELINE_DAYS)
    before = [value for day, value in amounts.items() if first <= day < protocol.start_day]
    if len(before) < MIN_BASELINE_DAYS:
        return None
    usual = float(np.median(before))
    if reading.at_most_of_usual is not None:
        return -np.inf, reading.at_most_of_usual * usual
    assert reading.earlier_by_minutes is not None  # noqa: S101 - one of the four is given
    return -np.inf, usual - reading.earlier_by_minutes


def load_adherence(
    connection: psycopg.Connection,
    person: Person,
    trial: str,
    protocol: Protocol | None,
    said: Mapping[dt.date, bool],
    until: dt.date,
) -> list[AdherenceDay]:
    """Read which study days followed their arms; of a study that was recorded, by what was recorded as taken.

    None where the marts are not built yet.
    """
    if connection.execute("select to_regclass('marts.trial_days')").fetchone() == (None,):
        return []
    if protocol is not None:
        return adherence(protocol, said, load_adherence_data(connection, person, protocol), until)
    rows = connection.execute(
        """
        select first_day, arm, arm_recorded = arm from marts.trial_days
        where user_id = %s and trial = %s and first_day <= %s order by study_day
        """,
        [person.user_id, trial, until],
    ).fetchall()
    return [AdherenceDay(day, arm, done, "unknown" if done is None else "data") for day, arm, done in rows]


def load_adherence_data(
    connection: psycopg.Connection, person: Person, protocol: Protocol
) -> dict[dt.date, float]:
    """Read what the data tell of a trial's days and the days before them, by the day on which it was to be done."""
    reading = protocol.adherence.read if protocol.adherence else None
    if reading is None:
        return {}
    if reading.mart == "nights":
        return _bedtimes(connection, person)
    series = _series(connection, person, reading)
    if series is None:
        return {}
    return {
        date_of(day): value for day, value in zip(series.day.tolist(), series.value.tolist(), strict=True)
    }


def _series(connection: psycopg.Connection, person: Person, reading: AdherenceSource) -> Series | None:
    if reading.mart == "exposures":
        return read_exposures(connection, person.user_id).get(reading.name)
    return read_outcomes(connection, person.user_id, [reading.name]).get(reading.name)


def _bedtimes(connection: psycopg.Connection, person: Person) -> dict[dt.date, float]:
    """Minutes from noon to falling asleep, by the day on whose evening one went to bed: that before waking."""
    rows = connection.execute(
        """
        select day - 1,
               extract(epoch from (sleep_start_at at time zone 'UTC') + coalesce(utc_offset, interval '0')
                                  - ((day - 1)::timestamp + interval '12 hours')) / 60
        from marts.nights where user_id = %s and sleep_start_at is not null order by day
        """,
        [person.user_id],
    ).fetchall()
    return {day: float(minutes) for day, minutes in rows}
