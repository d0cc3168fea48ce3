"""Whether the days of a trial followed their arms: by the person's report, by the data, or unknown.

A trial is analysed by intention to treat; adherence is shown beside the result.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import psycopg

from santorio.analyses.series import Series, date_of, read_exposures, read_outcomes
from santorio.people import Person
from santorio.trials.interventions.intervention import AdherenceSource
from santorio.trials.protocol import Protocol

# The usual amount is the median of this number of days before the trial.
BASELINE_DAYS = 60
MIN_BASELINE_DAYS = 14


@dataclass(frozen=True, slots=True)
class AdherenceDay:
    """One study day: its arm, whether it was followed (None: unknown), and by which evidence."""

    day: dt.date
    arm: str
    done: bool | None
    known_by: Literal["data", "reported", "unknown"]


def adherence(
    protocol: Protocol, reported: Mapping[dt.date, bool], amounts: Mapping[dt.date, float], until: dt.date
) -> list[AdherenceDay]:
    """Classify every study day up to `until` by whether it followed its arm.

    The person's report takes precedence over the data: they know the reason for an amount. The data classify only days
    of an arm that asks for something; the amount of a day as usual is evidence for neither.

    Parameters
    ----------
    reported : Mapping[date, bool]
        The days that the person reported on.
    amounts : Mapping[date, float]
        Amounts by day, from before the trial on; empty where the data have none.
    """
    if protocol.start_day is None:
        return []
    bounds = _amount_bounds(protocol, amounts)
    reference = protocol.arms[0]
    days = []
    for offset, arm in enumerate(protocol.assignment):
        day = protocol.start_day + dt.timedelta(days=offset)
        if arm is None or day > until:
            continue
        if day in reported:
            days.append(AdherenceDay(day, arm, reported[day], "reported"))
        # The reference is a day as usual, of which no amount is evidence.
        elif bounds is not None and arm != reference and day in amounts:
            lower, upper = bounds
            days.append(AdherenceDay(day, arm, lower <= amounts[day] <= upper, "data"))
        else:
            days.append(AdherenceDay(day, arm, None, "unknown"))
    return days


def adherence_rate(days: Sequence[AdherenceDay]) -> float | None:
    """Share of days that followed their arm, among those where it is known; None where it is known for none."""
    known = [day.done for day in days if day.done is not None]
    if not known:
        return None
    return sum(known) / len(known)


def _source(protocol: Protocol) -> AdherenceSource | None:
    return protocol.adherence.read if protocol.adherence else None


def _amount_bounds(protocol: Protocol, amounts: Mapping[dt.date, float]) -> tuple[float, float] | None:
    """The amounts between which a day followed its arm; None where the data cannot classify days."""
    source = _source(protocol)
    if source is None or protocol.start_day is None:
        return None
    if source.at_most is not None:
        return -np.inf, source.at_most
    if source.at_least is not None:
        return source.at_least, np.inf
    # The other two bounds are relative to the person's usual amount.
    first = protocol.start_day - dt.timedelta(days=BASELINE_DAYS)
    before = [value for day, value in amounts.items() if first <= day < protocol.start_day]
    if len(before) < MIN_BASELINE_DAYS:
        return None
    usual = float(np.median(before))
    if source.at_most_of_usual is not None:
        return -np.inf, source.at_most_of_usual * usual
    assert source.earlier_by_minutes is not None  # noqa: S101 - exactly one of the four is given
    return -np.inf, usual - source.earlier_by_minutes


def load_adherence(
    connection: psycopg.Connection,
    person: Person,
    trial: str,
    protocol: Protocol | None,
    reported: Mapping[dt.date, bool],
    until: dt.date,
) -> list[AdherenceDay]:
    """Load which study days followed their arms; without a protocol, by the arm that was recorded as taken.

    Empty where the marts are not built yet.
    """
    if connection.execute("select to_regclass('marts.trial_days')").fetchone() == (None,):
        return []
    if protocol is not None:
        return adherence(protocol, reported, load_adherence_data(connection, person, protocol), until)
    # A recorded trial states which arm each day really had.
    rows = connection.execute(
        """
        select first_day, arm, arm_recorded = arm from marts.trial_days
        where user_id = %s and trial = %s and first_day <= %s order by study_day
        """,
        [person.user_id, trial, until],
    ).fetchall()
    days = []
    for day, arm, done in rows:
        known_by: Literal["unknown", "data"] = "unknown" if done is None else "data"
        days.append(AdherenceDay(day, arm, done, known_by))
    return days


def load_adherence_data(
    connection: psycopg.Connection, person: Person, protocol: Protocol
) -> dict[dt.date, float]:
    """Load the amounts of a trial's days and the days before them, by the day of the intervention."""
    source = _source(protocol)
    if source is None:
        return {}
    if source.mart == "nights":
        return _bedtimes(connection, person)
    series = _series(connection, person, source)
    if series is None:
        return {}
    days = map(date_of, series.day.tolist())
    return dict(zip(days, series.value.tolist(), strict=True))


def _series(connection: psycopg.Connection, person: Person, source: AdherenceSource) -> Series | None:
    if source.mart == "exposures":
        return read_exposures(connection, person.user_id).get(source.name)
    return read_outcomes(connection, person.user_id, [source.name]).get(source.name)


def _bedtimes(connection: psycopg.Connection, person: Person) -> dict[dt.date, float]:
    """Minutes from noon to falling asleep, by the day of going to bed: the day before waking."""
    # From noon, so that half past midnight is later than eleven in the evening.
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
