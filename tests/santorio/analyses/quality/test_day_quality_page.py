"""Which days can be trusted, as a calendar, in words and as a page."""

import datetime as dt
from html.parser import HTMLParser

import pytest

from santorio.analyses.quality.days import (
    LEGEND,
    Day,
    DayQuality,
    Flag,
    QualityHistory,
    QualityPeriod,
    group_by_period,
    is_complete,
    read_quality,
)
from santorio.analyses.quality.page import STYLES, quality_page
from santorio.rendering.calendar import MonthRow, merge_months, rows_by_month

FIRST = dt.date(2026, 3, 1)
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
HARDLY = "The watch was worn for less than 8 hours."


def at(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def flag(
    number: int,
    metric: str = "steps",
    *,
    excluded: bool = True,
    severity: str = "warning",
    reason: str = HARDLY,
) -> Flag:
    return Flag(at(number), metric, "hardly worn", severity, excluded, reason)


@pytest.mark.parametrize(
    ("missing", "night_missing", "flags", "quality"),
    [
        (None, None, (), DayQuality.COMPLETE),
        (None, None, (flag(0, severity="note", excluded=False),), DayQuality.COMPLETE),
        (None, "night not worn", (), DayQuality.FLAGGED),
        (None, None, (flag(0, excluded=False),), DayQuality.FLAGGED),
        (None, "failed", (flag(0),), DayQuality.PARTLY_EXCLUDED),
        ("no watch", "no watch", (flag(0, "alcohol_g"),), DayQuality.PARTLY_EXCLUDED),
        ("not worn", "not worn", (), DayQuality.NOT_WORN),
        ("before the watch", None, (), DayQuality.NOT_WORN),
        ("provisional", "provisional", (), DayQuality.UNKNOWN),
        ("unknown", "unknown", (flag(0, excluded=False),), DayQuality.UNKNOWN),
        ("failed", "failed", (), DayQuality.MISSING),
        ("never fetched", None, (), DayQuality.MISSING),
    ],
)
def test_a_day_is_worth_what_the_worst_about_it_says(missing, night_missing, flags, quality):
    assert Day(FIRST, missing, night_missing, flags).quality == quality


def test_consecutive_days_and_metrics_with_the_same_remark_are_grouped_the_newest_first():
    flags = [flag(number, metric) for number in (0, 1, 2) for metric in ("stress_avg", "steps")]
    flags += [flag(5), flag(1, reason="It is rare.")]
    assert group_by_period(flags) == [
        QualityPeriod(at(5), at(5), ("steps",), HARDLY),
        QualityPeriod(at(0), at(2), ("steps", "stress_avg"), HARDLY),
        QualityPeriod(at(1), at(1), ("steps",), "It is rare."),
    ]


def months(days: list[Day]) -> list[MonthRow[Day]]:
    return rows_by_month({day.day: day for day in days})


def test_months_without_an_issue_are_one_row():
    days = [Day(at(number), None, None) for number in range(92)]
    days[40] = Day(at(40), "failed", "failed")
    rows = merge_months(months(days), is_complete)
    assert [row.name for row in rows] == ["2026-03", "2026-04", "2026-05"]
    days[40] = Day(at(40), None, None)
    assert [row.name for row in merge_months(months(days), is_complete)] == ["2026-03 to 2026-05"]


def test_a_month_that_begins_late_has_its_days_below_their_number():
    early, late = Day(at(9), None, None), Day(at(11), "failed", None)
    (month,) = months([early, late])
    assert month.days == (*[None] * 9, early, None, late, *[None] * 19)


class ParsedPage(HTMLParser):
    """Collects what a page is made of, and whether each element is closed."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture
def page() -> ParsedPage:
    quality = QualityHistory(
        [
            Day(at(0), None, None, (flag(0), flag(0, "measure_<script>alert(1)</script>", excluded=False))),
            Day(at(1), "failed", "failed"),
            Day(at(2), None, "night not worn"),
            Day(at(3), None, None),
        ]
    )
    parsed = ParsedPage()
    parsed.feed(quality_page("Ann <b>& Bob</b>", quality, NOW))
    parsed.close()
    assert parsed.open == []
    return parsed


def test_the_page_says_what_is_excluded_and_what_is_missing_and_why(page):
    text = " ".join(page.text.split())
    assert "Ann <b>& Bob</b>: 1 March 2026 to 4 March 2026, 4 days." in text
    assert "2026-03-01stepsThe watch was worn for less than 8 hours." in text
    assert "2026-03-02dayfailed: requested, and Garmin failed" in text
    assert "2026-03-03nightnight not worn" in text
    assert "<script>alert(1)</script>" in text  # as words, never as an element


def test_the_page_fetches_nothing_and_runs_nothing(page):
    tags = {tag for tag, _, _ in page.attributes}
    assert tags.isdisjoint({"script", "link", "img", "iframe"})
    assert {name for _, name, _ in page.attributes}.isdisjoint({"src", "href", "onclick"})
    assert any("default-src 'none'" in value for _, _, value in page.attributes)


def test_every_day_of_the_calendar_is_described_in_words(page):
    titles = [value for _, name, value in page.attributes if name == "title"]
    assert titles == [
        f"2026-03-01: {HARDLY}",
        "2026-03-02: the watch: failed",
        "2026-03-03: the night: night not worn",
        "2026-03-04: no issues found",
    ]
    assert all(title in page.text for title in titles)  # a screen reader reads text, not titles


def test_no_meaning_is_in_colour_alone_and_every_glyph_can_be_read():
    assert len({style.glyph for style in STYLES.values()}) == len(STYLES) == len(LEGEND)
    for style in STYLES.values():
        darker, lighter = sorted((luminance(style.background), luminance(style.foreground)))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_before_anything_is_there_the_page_says_so():
    assert "No data yet." in quality_page("me", QualityHistory([]), NOW)


def test_days_and_flags_are_read_of_one_person(database, person):
    with database.connect() as connection:
        connection.execute(
            """
            create table marts.days (user_id uuid, day date, missing_reason text, night_missing_reason text);
            create table marts.day_quality (user_id uuid, day date, metric text, flag text, severity text,
                is_excluded boolean, reason text);
            """
        )
        other = "00000000-0000-0000-0000-000000000001"
        for user in (str(person.user_id), other):
            for number in range(3):
                connection.execute(
                    "insert into marts.days values (%s, %s, null, 'failed')", [user, at(number)]
                )
            connection.execute(
                "insert into marts.day_quality values (%s, %s, 'steps', 'hardly worn', 'warning', true, %s)",
                [user, at(1), HARDLY],
            )
        history = read_quality(connection, person.user_id)
        late = read_quality(connection, person.user_id, since=at(2))
    assert [(day.day, day.flags) for day in history.days] == [
        (at(0), ()), (at(1), (flag(1),)), (at(2), ()),
    ]  # fmt: skip
    assert [day.day for day in late.days] == [at(2)]
