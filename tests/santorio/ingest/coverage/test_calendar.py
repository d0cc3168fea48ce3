"""A calendar shows every day once, with a glyph that says what it is, and no gap hides in it."""

import calendar
import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from santorio.ingest.coverage.calendar import (
    GLYPHS,
    LEGEND,
    Calendar,
    Calendars,
    DayStatus,
    build_calendars,
    glyphs,
    kinds_to_show,
    markdown,
    merge_people,
    month_rows,
)
from santorio.ingest.coverage.gaps import DAILY_KINDS, REASONS, CoverageGap, Reason
from santorio.rendering.calendar import MonthRow

KINDS = st.sampled_from([*DAILY_KINDS, "respiration"])
DAYS = st.dates(dt.date(2023, 11, 1), dt.date(2024, 4, 30))
STATUSES = st.sampled_from(["final", "provisional", "empty", "failed"])
LEDGERS = st.dictionaries(st.tuples(KINDS, DAYS), STATUSES, max_size=60)
CALENDARS = LEDGERS.map(lambda ledger: build_calendars(ledger, []))


def complete_days(kind: str, first: dt.date, days: int) -> dict[tuple[str, dt.date], str]:
    return {(kind, first + dt.timedelta(days=number)): "final" for number in range(days)}


def read_back(rows: list[MonthRow[DayStatus | None]]) -> Calendar:
    """What a reader sees: the glyph of every day."""
    status_of = {glyph: status for status, glyph in GLYPHS.items()}
    seen: Calendar = {}
    for row in rows:
        days = (row.last - row.first).days + 1
        for number in range(days):
            day = row.first + dt.timedelta(days=number)
            status = status_of[glyphs(row)[number if days <= 31 else 0]]
            if status is not None:
                assert day not in seen
                seen[day] = status
    return seen


@given(LEDGERS)
def test_every_day_of_every_kind_can_be_read_back_from_the_rows(
    ledger: dict[tuple[str, dt.date], str],
) -> None:
    calendars = build_calendars(ledger, [])
    for of_kind in calendars.values():
        rows = month_rows(of_kind)
        assert read_back(rows) == of_kind
        assert all(len(glyphs(row)) == calendar.monthrange(row.last.year, row.last.month)[1] for row in rows)


@given(st.integers(1, 1000))
def test_however_many_months_without_a_gap_are_read_back_too(count: int) -> None:
    calendars = build_calendars(complete_days("sleep", dt.date(2021, 1, 17), count), [])
    rows = month_rows(calendars["sleep"])
    assert read_back(rows) == calendars["sleep"]
    assert len(rows) <= 3


def test_years_without_a_gap_are_one_row_and_a_gap_stands_in_its_month() -> None:
    ledger = complete_days("sleep", dt.date(2021, 1, 1), 3 * 365)
    gap = CoverageGap("sleep", dt.date(2022, 2, 9), dt.date(2022, 2, 10), "missing")
    del ledger["sleep", dt.date(2022, 2, 9)], ledger["sleep", dt.date(2022, 2, 10)]
    rows = month_rows(build_calendars(ledger, [gap])["sleep"])
    assert [row.name for row in rows] == ["2021-01 to 2022-01", "2022-02", "2022-03 to 2023-12"]
    assert glyphs(rows[1]) == "████████✗✗██████████████████"


def test_a_day_with_nothing_to_do_does_not_look_like_one_that_should_be_there() -> None:
    day = dt.date(2024, 2, 1)
    reasons: list[Reason] = list(REASONS)
    gaps = [
        CoverageGap("hrv", day + dt.timedelta(days=n), day + dt.timedelta(days=n), reason)
        for n, reason in enumerate(reasons)
    ]
    shown = build_calendars({}, gaps)["hrv"]
    assert {reason: GLYPHS[shown[day + dt.timedelta(days=n)]] for n, reason in enumerate(reasons)} == {
        "not worn": "·",
        "night not worn": "·",
        "Garmin has none": "·",
        "missing": "✗",
        "failed": "✗",
        "unknown": "?",
    }
    assert {*LEGEND} == {*DayStatus}
    assert len(set(GLYPHS.values())) == len(GLYPHS)


@given(st.lists(CALENDARS, max_size=4))
def test_of_several_people_no_gap_is_hidden_by_somebody_elses_day(people: list[Calendars]) -> None:
    together = merge_people(people)
    severity = list(DayStatus)
    for calendars in people:
        for kind, days in calendars.items():
            for day, sign in days.items():
                assert severity.index(together[kind][day]) >= severity.index(sign)
    for kind, days in together.items():
        for day, sign in days.items():
            assert sign in {calendars[kind][day] for calendars in people if day in calendars.get(kind, {})}


def test_a_kind_that_is_not_there_every_day_is_shown_when_it_has_a_gap() -> None:
    day = dt.date(2024, 2, 1)
    ledger = {
        ("sleep", day): "final",
        ("weigh_in", day): "empty",
        ("spo2", day): "failed",
        ("floors", day): "final",
    }
    assert kinds_to_show(build_calendars(ledger, [])) == ["sleep", "spo2"]


def test_an_export_is_shown_where_it_knows_days_that_the_daily_kinds_do_not() -> None:
    day, next_day = dt.date(2024, 2, 1), dt.date(2024, 2, 2)
    exported = {("daily_summary_export", day): "final", ("sleep_summary", day): "empty"}
    assert kinds_to_show(build_calendars(exported, [])) == ["daily_summary_export", "sleep_summary"]
    assert markdown(build_calendars(exported, [])) != "Nothing is there yet."
    told_again = exported | {("daily_summary", day): "final", ("sleep", next_day): "final"}
    assert kinds_to_show(build_calendars(told_again, [])) == ["daily_summary", "sleep", "sleep_summary"]


def test_the_markdown_is_a_block_of_fixed_width_with_the_glyphs_that_it_uses_explained() -> None:
    ledger = complete_days("sleep", dt.date(2024, 2, 1), 29) | {("sleep", dt.date(2024, 3, 1)): "provisional"}
    gap = CoverageGap("sleep", dt.date(2024, 2, 5), dt.date(2024, 2, 6), "not worn")
    assert markdown(build_calendars(ledger, [gap])) == "\n".join(
        [
            "```text",
            "█  there",
            "▒  provisional, may still change",
            "·  no data, and nothing to do (not worn, or Garmin has none)",
            "",
            "sleep    1   5    10   15   20   25   30 ",
            "2024-02  ████··███████████████████████",
            "2024-03  ▒                              ",
            "```",
        ]
    )
    assert markdown({}) == "Nothing is there yet."


def test_the_markdown_shows_the_last_two_years_and_says_where_the_others_are() -> None:
    days = {("sleep", dt.date(2020 + month // 12, month % 12 + 1, 10)): "final" for month in range(60)}
    lines = markdown(build_calendars(days, [])).splitlines()
    assert [line[:7] for line in lines if line.startswith("202")] == [
        f"{year}-{month:02}" for year in (2023, 2024) for month in range(1, 13)
    ]
    assert lines[-2] == "Earlier months: santorio coverage"
