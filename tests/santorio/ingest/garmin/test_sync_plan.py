"""A sync asks for what is missing, failed or provisional: all of it, nothing else, newest first."""

import datetime as dt
from itertools import pairwise

import garminconnect
from hypothesis import given
from hypothesis import strategies as st

from santorio.ingest.formats.garmin.payload_kinds import KINDS, STATISTICS
from santorio.ingest.garmin.endpoints import BY_KIND, ENDPOINTS, Endpoint
from santorio.ingest.garmin.sync_plan import (
    NOT_DUE,
    TRAILING_DAYS,
    FetchedActivity,
    ListedActivity,
    Window,
    plan,
    plan_activities,
    status_of_answer,
)

TODAY = dt.date(2026, 3, 20)
STATUSES = st.sampled_from(["fetched", "empty", "failed", "provisional", "final"])
DAY_KINDS = [endpoint for endpoint in ENDPOINTS if endpoint.grain == "days"]


def before(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[Endpoint, dict, Window]:
    endpoint = draw(st.sampled_from(DAY_KINDS))
    last = before(draw(st.integers(0, 60)))
    window = Window(last - dt.timedelta(days=draw(st.integers(0, 400))), last, TODAY)
    days = draw(st.dictionaries(st.sampled_from(window.days), STATUSES))
    return endpoint, {(endpoint.kind, day): status for day, status in days.items()}, window


@given(ledgers())
def test_every_due_day_is_asked_for_exactly_once_and_no_call_reaches_beyond_span_or_window(case) -> None:
    endpoint, ledger, window = case
    calls = plan([endpoint], ledger, window)
    due = {day for day in window.days if ledger.get((endpoint.kind, day)) not in NOT_DUE}
    requested = [day for call in calls for day in call.days]
    assert due <= set(requested)
    assert len(requested) == len(set(requested))
    assert all(len(call.days) <= endpoint.span_days for call in calls)
    assert all(window.first <= call.first <= call.last <= window.last for call in calls)
    assert all(earlier.first > later.last for earlier, later in pairwise(calls))


@given(ledgers())
def test_no_call_is_made_without_a_due_day_in_it_and_none_could_be_spared(case) -> None:
    endpoint, ledger, window = case
    calls = plan([endpoint], ledger, window)
    due = sorted(day for day in window.days if ledger.get((endpoint.kind, day)) not in NOT_DUE)
    fewest, reached = 0, dt.date.min
    for day in due:  # from the oldest: another way round than the plan goes
        if day > reached:
            fewest += 1
            reached = day + dt.timedelta(days=endpoint.span_days - 1)
    assert len(calls) == fewest


def test_the_call_for_today_looks_again_at_the_trailing_days_for_it_costs_no_more() -> None:
    steps = BY_KIND["steps"]
    window = Window(before(100), TODAY, TODAY)
    ledger = {("steps", day): "final" for day in window.days[1:]}
    [call] = plan([steps], ledger, window)
    assert (call.first, call.last) == (before(TRAILING_DAYS - 1), TODAY)
    ledger[("steps", TODAY)] = "final"
    assert plan([steps], ledger, window) == []


def test_ten_years_of_a_range_kind_take_one_call_a_span() -> None:
    window = Window(before(3649), TODAY, TODAY)
    assert len(plan([BY_KIND["steps"]], {}, window)) == 131
    assert len(plan([BY_KIND["weigh_in"]], {}, window)) == 10
    assert len(plan([BY_KIND["sleep"]], {}, window)) == 3650


def test_how_things_stand_now_is_asked_once_a_day_and_only_where_the_window_holds_today() -> None:
    kind = BY_KIND["device"]
    assert len(plan([kind], {}, Window(before(30), TODAY, TODAY))) == 1
    assert plan([kind], {("device", TODAY): "final"}, Window(before(30), TODAY, TODAY)) == []
    assert plan([kind], {}, Window(before(30), before(3), TODAY)) == []


@given(age=st.integers(-1, 400), is_empty=st.booleans(), is_same=st.sampled_from([True, False, None]))
def test_a_day_settles_only_when_it_is_old_enough_and_its_payload_stopped_changing(
    age, is_empty, is_same
) -> None:
    status = status_of_answer(
        endpoint=BY_KIND["sleep"], day=before(age), today=TODAY, is_empty=is_empty, is_same=is_same
    )
    if age < 2 or is_same is False:
        assert status == "provisional"
    elif is_same or age >= 7:
        assert status == ("empty" if is_empty else "final")
    else:
        assert status == "provisional"


def test_an_edited_activity_is_asked_for_again_but_not_its_file() -> None:
    endpoints = [BY_KIND["activity_detail"], BY_KIND["activity_file"]]
    listed = [ListedActivity(1, before(3), b"new"), ListedActivity(2, before(1), b"same")]
    fetched = {
        (number, endpoint.kind): FetchedActivity("final", b"same")
        for number in (1, 2)
        for endpoint in endpoints
    }
    assert [(call.activity, call.endpoint.kind) for call in plan_activities(endpoints, listed, fetched)] == [
        (1, "activity_detail")
    ]
    fetched[2, "activity_file"] = FetchedActivity("failed", b"same")
    del fetched[1, "activity_file"]
    assert [(call.activity, call.endpoint.kind) for call in plan_activities(endpoints, listed, fetched)] == [
        (2, "activity_file"),
        (1, "activity_detail"),
        (1, "activity_file"),
    ]


def test_every_row_of_the_table_names_a_method_of_the_client_and_a_kind_that_can_be_recognised() -> None:
    daily_statistics = {daily for daily, _weekly in STATISTICS.values()}
    # An activity's file is a FIT file, and not a payload.
    names = {kind.name for kind in KINDS} | daily_statistics | {"activity_file"}
    for endpoint in ENDPOINTS:
        assert callable(getattr(garminconnect.Garmin, endpoint.method))
        assert endpoint.kind in names
    assert len(BY_KIND) == len(ENDPOINTS)
    assert [endpoint.kind for endpoint in ENDPOINTS if not endpoint.is_default] == ["menstrual_day"]
