"""Which days can be trusted, as a calendar, in words and as a page."""

import datetime as dt
from html.parser import HTMLParser

import pytest

from santorio.analyses.quality.days import (
    LEGEND,
    Day,
    Flag,
    Quality,
    Stretch,
    Trust,
    joined,
    months,
    read_quality,
    stretches,
)
from santorio.analyses.quality.page import COLOURS, SIGNS, page

FIRST = dt.date(2026, 3, 1)
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
HARDLY = "The watch was worn for less than 8 hours."


def at(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def flag(
    number: int,
    metric: str = "steps",
    *,
    left_out: bool = True,
    severity: str = "warning",
    reason: str = HARDLY,
) -> Flag:
    return Flag(at(number), metric, "hardly worn", severity, left_out, reason)


@pytest.mark.parametrize(
    ("missing", "night_missing", "flags", "trust"),
    [
        (None, None, (), Trust.WHOLE),
        (None, None, (flag(0, severity="note", left_out=False),), Trust.WHOLE),
        (None, "night not worn", (), Trust.NOTED),
        (None, None, (flag(0, left_out=False),), Trust.NOTED),
        (None, "failed", (flag(0),), Trust.PARTLY),
        ("no watch", "no watch", (flag(0, "alcohol_g"),), Trust.PARTLY),
        ("not worn", "not worn", (), Trust.NOT_WORN),
        ("before the watch", None, (), Trust.NOT_WORN),
        ("provisional", "provisional", (), Trust.UNKNOWN),
        ("unknown", "unknown", (flag(0, left_out=False),), Trust.UNKNOWN),
        ("failed", "failed", (), Trust.MISSING),
        ("never fetched", None, (), Trust.MISSING),
    ],
)
def test_a_day_is_worth_what_the_worst_about_it_says(missing, night_missing, flags, trust):
    assert Day(FIRST, missing, night_missing, flags).trust == trust


def test_days_in_a_row_and_metrics_alike_are_told_together_the_newest_first():
    flags = [flag(number, metric) for number in (0, 1, 2) for metric in ("stress_avg", "steps")]
    flags += [flag(5), flag(1, reason="It is rare.")]
    assert stretches(flags) == [
        Stretch(at(5), at(5), ("steps",), HARDLY),
        Stretch(at(0), at(2), ("steps", "stress_avg"), HARDLY),
        Stretch(at(1), at(1), ("steps",), "It is rare."),
    ]


def test_months_without_a_blemish_are_one_row():
    days = [Day(at(number), None, None) for number in range(92)]
    days[40] = Day(at(40), "failed", "failed")
    rows = joined(months(days))
    assert [row.name for row in rows] == ["2026-03", "2026-04", "2026-05"]
    days[40] = Day(at(40), None, None)
    assert [row.name for row in joined(months(days))] == ["2026-03 to 2026-05"]


def test_a_month_that_begins_late_has_its_days_below_their_number():
    (month,) = months([Day(at(9), None, None), Day(at(11), "failed", None)])
    assert month.signs == " " * 9 + "█ ✗" + " " * 19


class Found(HTMLParser):
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
def told() -> Found:
    quality = Quality(
        [
            Day(at(0), None, None, (flag(0), flag(0, "measure_<script>alert(1)</script>", left_out=False))),
            Day(at(1), "failed", "failed"),
            Day(at(2), None, "night not worn"),
            Day(at(3), None, None),
        ]
    )
    found = Found()
    found.feed(page("Ann <b>& Bob</b>", quality, NOW))
    found.close()
    assert found.open == []
    return found


def test_the_page_says_what_is_left_out_and_what_is_missing_and_why(told):
    text = " ".join(told.text.split())
    assert "Ann <b>& Bob</b>: 1 March 2026 to 4 March 2026, 4 days." in text
    assert "2026-03-01stepsThe watch was worn for less than 8 hours." in text
    assert "2026-03-02dayfailed: asked for, and Garmin failed" in text
    assert "2026-03-03nightnight not worn" in text
    assert "<script>alert(1)</script>" in text  # as words, never as an element


def test_the_page_fetches_nothing_and_runs_nothing(told):
    tags = {tag for tag, _, _ in told.attributes}
    assert tags.isdisjoint({"script", "link", "img", "iframe"})
    assert {name for _, name, _ in told.attributes}.isdisjoint({"src", "href", "onclick"})
    assert any("default-src 'none'" in value for _, _, value in told.attributes)


def test_every_day_of_the_calendar_is_told_in_words(told):
    titles = [value for _, name, value in told.attributes if name == "title"]
    assert titles == [
        f"2026-03-01: {HARDLY}",
        "2026-03-02: the watch: failed",
        "2026-03-03: the night: night not worn",
        "2026-03-04: nothing speaks against it",
    ]
    assert all(title in told.text for title in titles)  # a screen reader reads text, not titles


def test_no_meaning_is_in_colour_alone_and_every_sign_can_be_read():
    assert len(set(SIGNS.values())) == len(SIGNS) == len(COLOURS) == len(LEGEND)
    for back, front in COLOURS.values():
        one, other = sorted((luminance(back), luminance(front)))
        assert (other + 0.05) / (one + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_before_anything_is_there_the_page_says_so():
    assert "No day is known yet." in page("me", Quality([]), NOW)


def test_days_and_flags_are_read_of_one_person(database, person):
    with database.connect() as connection:
        connection.execute(
            """
            create table marts.days (user_id uuid, day date, missing_reason text, night_missing_reason text);
            create table marts.day_quality (user_id uuid, day date, metric text, flag text, severity text,
                is_left_out boolean, reason text);
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
        whole = read_quality(connection, person.user_id)
        late = read_quality(connection, person.user_id, since=at(2))
    assert [(day.day, day.flags) for day in whole.days] == [
        (at(0), ()), (at(1), (flag(1),)), (at(2), ()),
    ]  # fmt: skip
    assert [day.day for day in late.days] == [at(2)]
