"""A calendar shows every day once, with a sign that tells what it is, and no hole hides in it."""

import calendar
import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from santorio.ingest.coverage.calendar import (
    LEGEND,
    DayStatus,
    Months,
    Signs,
    kinds_to_show,
    markdown,
    months,
    signs,
    worst,
)
from santorio.ingest.coverage.gaps import DAILY_KINDS, REASONS, CoverageGap, Reason

KINDS = st.sampled_from([*DAILY_KINDS, "respiration"])
DAYS = st.dates(dt.date(2023, 11, 1), dt.date(2024, 4, 30))
STATUSES = st.sampled_from(["final", "provisional", "empty", "failed"])
LEDGERS = st.dictionaries(st.tuples(KINDS, DAYS), STATUSES, max_size=60)
CALENDARS = LEDGERS.map(lambda ledger: signs(ledger, []))


def whole(kind: str, first: dt.date, days: int) -> dict[tuple[str, dt.date], str]:
    return {(kind, first + dt.timedelta(days=number)): "final" for number in range(days)}


def read_back(rows: list[Months]) -> Signs:
    """What a reader sees: the sign of every day."""
    seen: Signs = {}
    for row in rows:
        days = (row.last - row.first).days + 1
        for number in range(days):
            day = row.first + dt.timedelta(days=number)
            sign = DayStatus(row.signs[number if days <= 31 else 0])
            if sign is not DayStatus.OUTSIDE:
                assert day not in seen.setdefault(row.kind, {})
                seen[row.kind][day] = sign
    return seen


@given(LEDGERS)
def test_every_day_of_every_kind_can_be_read_back_from_the_rows(
    ledger: dict[tuple[str, dt.date], str],
) -> None:
    calendars = signs(ledger, [])
    rows = months(calendars, list(calendars))
    assert read_back(rows) == calendars
    assert all(len(row.signs) == calendar.monthrange(row.first.year, row.first.month)[1] for row in rows)


@given(st.integers(1, 1000))
def test_however_many_months_without_a_hole_are_read_back_too(count: int) -> None:
    calendars = signs(whole("sleep", dt.date(2021, 1, 17), count), [])
    rows = months(calendars, ["sleep"])
    assert read_back(rows) == calendars
    assert len(rows) <= 3


def test_years_without_a_hole_are_one_row_and_a_hole_stands_in_its_month() -> None:
    ledger = whole("sleep", dt.date(2021, 1, 1), 3 * 365)
    gap = CoverageGap("sleep", dt.date(2022, 2, 9), dt.date(2022, 2, 10), "missing")
    del ledger["sleep", dt.date(2022, 2, 9)], ledger["sleep", dt.date(2022, 2, 10)]
    rows = months(signs(ledger, [gap]), ["sleep"])
    assert [row.name for row in rows] == ["2021-01 to 2022-01", "2022-02", "2022-03 to 2023-12"]
    assert rows[1].signs == "████████✗✗██████████████████"


def test_an_intended_hole_does_not_look_like_one_that_nobody_meant() -> None:
    day = dt.date(2024, 2, 1)
    reasons: list[Reason] = list(REASONS)
    holes = [
        CoverageGap("hrv", day + dt.timedelta(days=n), day + dt.timedelta(days=n), reason)
        for n, reason in enumerate(reasons)
    ]
    shown = signs({}, holes)["hrv"]
    assert {reason: shown[day + dt.timedelta(days=n)].value for n, reason in enumerate(reasons)} == {
        "not worn": "·", "night not worn": "·", "Garmin has none": "·", "missing": "✗", "failed": "✗", "unknown": "?",
    }  # fmt: skip
    assert {*LEGEND} == {*DayStatus} - {DayStatus.OUTSIDE}


@given(st.lists(CALENDARS, max_size=4))
def test_of_several_people_no_hole_is_hidden_by_somebody_elses_day(people: list[Signs]) -> None:
    together = worst(people)
    severity = list(DayStatus)
    for one in people:
        for kind, days in one.items():
            for day, sign in days.items():
                assert severity.index(together[kind][day]) >= severity.index(sign)
    for kind, days in together.items():
        for day, sign in days.items():
            assert sign in {one[kind][day] for one in people if day in one.get(kind, {})}


def test_a_kind_that_is_not_there_every_day_is_shown_when_it_has_a_hole() -> None:
    day = dt.date(2024, 2, 1)
    ledger = {
        ("sleep", day): "final",
        ("weigh_in", day): "empty",
        ("spo2", day): "failed",
        ("floors", day): "final",
    }
    assert kinds_to_show(signs(ledger, [])) == ["sleep", "spo2"]


def test_an_export_is_shown_where_it_knows_days_that_the_daily_kinds_do_not() -> None:
    day, next_day = dt.date(2024, 2, 1), dt.date(2024, 2, 2)
    exported = {("daily_summary_export", day): "final", ("sleep_summary", day): "empty"}
    assert kinds_to_show(signs(exported, [])) == ["daily_summary_export", "sleep_summary"]
    assert markdown(signs(exported, [])) != "Nothing is there yet."
    told_again = exported | {("daily_summary", day): "final", ("sleep", next_day): "final"}
    assert kinds_to_show(signs(told_again, [])) == ["daily_summary", "sleep", "sleep_summary"]


def test_the_markdown_is_a_block_of_fixed_width_with_the_signs_that_it_uses_explained() -> None:
    ledger = whole("sleep", dt.date(2024, 2, 1), 29) | {("sleep", dt.date(2024, 3, 1)): "provisional"}
    gap = CoverageGap("sleep", dt.date(2024, 2, 5), dt.date(2024, 2, 6), "not worn")
    assert markdown(signs(ledger, [gap])) == "\n".join([
        "```text",
        "█  there",
        "▒  provisional, may still change",
        "·  nothing, and nothing to do (not worn, or Garmin has none)",
        "",
        "sleep    1   5    10   15   20   25   30 ",
        "2024-02  ████··███████████████████████",
        "2024-03  ▒                              ",
        "```",
    ])  # fmt: skip
    assert markdown({}) == "Nothing is there yet."


def test_the_markdown_shows_the_last_two_years_and_says_where_the_others_are() -> None:
    days = {("sleep", dt.date(2020 + month // 12, month % 12 + 1, 10)): "final" for month in range(60)}
    lines = markdown(signs(days, [])).splitlines()
    assert [line[:7] for line in lines if line.startswith("202")] == [
        f"{year}-{month:02}" for year in (2023, 2024) for month in range(1, 13)
    ]
    assert lines[-2] == "Earlier months: santorio coverage"
