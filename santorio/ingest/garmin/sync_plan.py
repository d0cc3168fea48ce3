"""What a sync asks for: pure functions from the coverage ledger to calls.

A day of a kind is asked for when it is missing, failed or provisional; a range call takes in every such day that
its span reaches. Newest days come first.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from santorio.ingest.garmin.endpoints import Endpoint

Status = Literal["fetched", "empty", "failed", "provisional", "final"]
Ledger = Mapping[tuple[str, dt.date], Status]

# A range call costs the same for one day and for a month: the newest one also looks again at what has settled.
TRAILING_DAYS = 28
# A day that was old when it was first seen has settled long ago.
SURELY_SETTLED_DAYS = 7
SETTLED = ("empty", "final")
# Provisional, but asked for a moment ago: until the watch uploads there is hardly anything new.
NOT_DUE = (*SETTLED, "fetched")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: an endpoint for the days from `first` to `last`, or for one activity of the day `last`."""

    endpoint: Endpoint
    first: dt.date
    last: dt.date
    activity: int | None = None

    @property
    def days(self) -> list[dt.date]:
        """Every day that the answer is about."""
        return [self.first + dt.timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class Window:
    """The days that a sync cares for, both included; `today` is the day it is where the person is."""

    first: dt.date
    last: dt.date
    today: dt.date

    @property
    def days(self) -> list[dt.date]:
        """Every day, the newest first."""
        return [self.last - dt.timedelta(days=back) for back in range((self.last - self.first).days + 1)]


def plan(endpoints: Iterable[Endpoint], ledger: Ledger, window: Window) -> list[Call]:
    """Return the calls about days and about how things stand now that are due, newest days first."""
    calls: list[Call] = []
    for endpoint in endpoints:
        if endpoint.grain == "account":
            calls += _account_call(endpoint, ledger, window)
        elif endpoint.grain == "days":
            due = [day for day in window.days if ledger.get((endpoint.kind, day)) not in NOT_DUE]
            calls += _calls(endpoint, due, window)
    # Sorting is stable: of calls about the same day the table's order stays.
    return sorted(calls, key=lambda call: call.last, reverse=True)


def _account_call(endpoint: Endpoint, ledger: Ledger, window: Window) -> list[Call]:
    is_due = window.last == window.today and ledger.get((endpoint.kind, window.today)) not in NOT_DUE
    return [Call(endpoint, window.today, window.today)] if is_due else []


def _calls(endpoint: Endpoint, due: Sequence[dt.date], window: Window) -> list[Call]:
    """Cover the due days (newest first) with as few calls as there can be."""
    calls: list[Call] = []
    position = 0
    while position < len(due):
        last = due[position]
        reach = last - dt.timedelta(days=endpoint.span_days - 1)
        first = last
        while position < len(due) and due[position] >= reach:
            first = due[position]
            position += 1
        calls.append(Call(endpoint, first, last))
    if calls and endpoint.span_days > 1 and calls[0].last >= window.today - dt.timedelta(days=1):
        newest = calls[0]
        back = newest.last - dt.timedelta(days=min(TRAILING_DAYS, endpoint.span_days) - 1)
        calls[0] = Call(endpoint, max(window.first, min(newest.first, back)), newest.last)
    return calls


@dataclass(frozen=True, slots=True)
class ListedActivity:
    """An activity of the person's list: its number, its day, and the hash of its entry."""

    activity: int
    day: dt.date
    listing_hash: bytes


@dataclass(frozen=True, slots=True)
class FetchedActivity:
    """What was fetched of an activity, and the hash its entry had then."""

    status: Status
    listing_hash: bytes


def plan_activities(
    endpoints: Iterable[Endpoint],
    listed: Iterable[ListedActivity],
    known: Mapping[tuple[int, str], FetchedActivity],
) -> list[Call]:
    """Return the calls about single activities that are due: never made, failed, or of an edited activity.

    The original file never changes: it is fetched once.
    """
    kinds = [endpoint for endpoint in endpoints if endpoint.grain == "activity"]
    return [
        Call(endpoint, one.day, one.day, one.activity)
        for one in sorted(listed, key=lambda one: (one.day, one.activity), reverse=True)
        for endpoint in kinds
        if _is_due(endpoint, one, known.get((one.activity, endpoint.kind)))
    ]


def _is_due(endpoint: Endpoint, listed: ListedActivity, known: FetchedActivity | None) -> bool:
    if known is None or known.status not in SETTLED:
        return True
    return endpoint.kind != "activity_file" and known.listing_hash != listed.listing_hash


def status_of_answer(
    *, endpoint: Endpoint, day: dt.date, today: dt.date, is_empty: bool, is_same: bool | None
) -> Status:
    """Return what the ledger says of a day after an answer.

    Parameters
    ----------
    is_empty
        There is nothing in the answer for this day.
    is_same
        The answer equals the one before it; None where there was none.

    A young day is provisional whatever came: the watch may still sync it. An older one settles when two answers
    in a row are the same, or when it was seen for the first time long after.
    """
    settled: Status = "empty" if is_empty else "final"
    if endpoint.grain != "days":
        return settled
    age_days = (today - day).days
    if age_days < endpoint.final_after_days:
        return "provisional"
    if is_same or (is_same is None and age_days >= SURELY_SETTLED_DAYS):
        return settled
    return "provisional"
