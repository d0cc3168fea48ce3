"""The calls that a sync makes: pure functions from the coverage ledger to calls.

A day of a kind is due when it is missing, failed or provisional. A range call covers every due day that its span
reaches. The newest days come first.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from santorio.ingest.garmin.endpoints import Endpoint

Status = Literal["fetched", "empty", "failed", "provisional", "final"]
Ledger = Mapping[tuple[str, dt.date], Status]

# A range call costs the same for one day and for a month: the newest one requests settled days again too.
TRAILING_DAYS = 28
# A day that was at least this old when it was first fetched has settled.
SURELY_SETTLED_DAYS = 7
SETTLED = ("empty", "final")
# `fetched` is provisional, but was requested a moment ago: until the watch uploads there is hardly anything new.
NOT_DUE = (*SETTLED, "fetched")


@dataclass(frozen=True, slots=True)
class Call:
    """A call: an endpoint for the days from `first` to `last`, or for one activity of the day `last`."""

    endpoint: Endpoint
    first: dt.date
    last: dt.date
    activity: int | None = None

    @property
    def days(self) -> list[dt.date]:
        """Every day that the response is about."""
        return [self.first + dt.timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a sync, both included; `today` is the date where the person is."""

    first: dt.date
    last: dt.date
    today: dt.date

    @property
    def days(self) -> list[dt.date]:
        """Every day, the newest first."""
        return [self.last - dt.timedelta(days=back) for back in range((self.last - self.first).days + 1)]


def plan(endpoints: Iterable[Endpoint], ledger: Ledger, window: Window) -> list[Call]:
    """Return the due calls about days and about the account's current state, newest days first."""
    calls: list[Call] = []
    for endpoint in endpoints:
        if endpoint.grain == "account":
            calls += _account_call(endpoint, ledger, window)
        elif endpoint.grain == "days":
            due = [day for day in window.days if ledger.get((endpoint.kind, day)) not in NOT_DUE]
            calls += _calls(endpoint, due, window)
    # The sort is stable: calls about the same day stay in the order of `ENDPOINTS`.
    return sorted(calls, key=lambda call: call.last, reverse=True)


def _account_call(endpoint: Endpoint, ledger: Ledger, window: Window) -> list[Call]:
    """Return the call for the current state, which a window of past days does not include."""
    if window.last != window.today or ledger.get((endpoint.kind, window.today)) in NOT_DUE:
        return []
    return [Call(endpoint, window.today, window.today)]


def _calls(endpoint: Endpoint, due: Sequence[dt.date], window: Window) -> list[Call]:
    """Cover the due days (newest first) with as few calls as possible."""
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
        calls[0] = _with_trailing_days(calls[0], window)
    return calls


def _with_trailing_days(newest: Call, window: Window) -> Call:
    """Extend the newest range call to settled days before it: they may have changed, and cost nothing."""
    span = min(TRAILING_DAYS, newest.endpoint.span_days)
    first = min(newest.first, newest.last - dt.timedelta(days=span - 1))
    return replace(newest, first=max(window.first, first))


@dataclass(frozen=True, slots=True)
class ListedActivity:
    """An activity in the account's list: its number, its day, and the hash of its entry."""

    activity: int
    day: dt.date
    listing_hash: bytes


@dataclass(frozen=True, slots=True)
class FetchedActivity:
    """The status of a kind of an activity, and the hash that its entry in the list had then."""

    status: Status
    listing_hash: bytes


def plan_activities(
    endpoints: Iterable[Endpoint],
    listed: Iterable[ListedActivity],
    fetched: Mapping[tuple[int, str], FetchedActivity],
) -> list[Call]:
    """Return the due calls about single activities: never made, failed, or of an activity that was edited since.

    An original file never changes: it is fetched once.
    """
    of_activities = [endpoint for endpoint in endpoints if endpoint.grain == "activity"]
    newest_first = sorted(listed, key=lambda entry: (entry.day, entry.activity), reverse=True)
    calls: list[Call] = []
    for entry in newest_first:
        for endpoint in of_activities:
            previous = fetched.get((entry.activity, endpoint.kind))
            if _is_due(endpoint, entry, previous):
                call = Call(endpoint, entry.day, entry.day, entry.activity)
                calls.append(call)
    return calls


def _is_due(endpoint: Endpoint, listed: ListedActivity, fetched: FetchedActivity | None) -> bool:
    if fetched is None or fetched.status not in SETTLED:
        return True
    return endpoint.kind != "activity_file" and fetched.listing_hash != listed.listing_hash


def status_of_answer(
    *, endpoint: Endpoint, day: dt.date, today: dt.date, is_empty: bool, is_same: bool | None
) -> Status:
    """Return a day's status in the ledger after a response.

    A young day is provisional whatever came: the watch may still sync it. An older one settles when two responses in
    a row are the same, or when it was fetched for the first time long after.

    Parameters
    ----------
    is_empty
        The response has nothing for this day.
    is_same
        It equals the response before it; None where there was none.
    """
    settled: Status = "empty" if is_empty else "final"
    if endpoint.grain != "days":
        return settled
    age_days = (today - day).days
    if age_days < endpoint.final_after_days:
        return "provisional"
    was_first_fetched_late = is_same is None and age_days >= SURELY_SETTLED_DAYS
    return settled if is_same or was_first_fetched_late else "provisional"
