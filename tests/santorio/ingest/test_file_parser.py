"""A file is recognised by its content; whatever is in it, it becomes events or reasons."""

import datetime as dt
import io
import json
import re
import uuid
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.ingest.file_parser import parse_file
from santorio.people import Person
from santorio.storage.event_log import Event
from santorio.storage.parse_result import ParseResult, Rejection

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
SLEEP = {
    "dailySleepDTO": {
        "userProfilePK": 7,
        "calendarDate": "2026-03-02",
        "sleepTimeSeconds": 27000,
        "sleepStartTimestampGMT": 1772402400000,
        "sleepStartTimestampLocal": 1772406000000,
    }
}


def parsed(content: str | bytes | object, **arguments: object) -> ParseResult:
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    return parse_file(content.encode() if isinstance(content, str) else content, PERSON, NOW, **arguments)


def codes(result: ParseResult) -> list[str]:
    return [rejection.code for rejection in result.rejections]


def test_a_night_is_filed_under_its_day_with_the_offset_it_states():
    (event,) = parsed(SLEEP).events
    assert (event.event_type, event.utc_offset) == ("garmin.sleep", dt.timedelta(hours=1))
    assert event.metadata == {"garmin_account": "7", "day": "2026-03-02"}
    assert event.data == SLEEP


def test_two_accounts_never_overwrite_one_another():
    other = {"dailySleepDTO": {**SLEEP["dailySleepDTO"], "userProfilePK": 8}}
    both = [parsed(document).events[0] for document in (SLEEP, other)]
    assert both[0].event_id != both[1].event_id


def test_a_range_becomes_an_event_a_day_and_a_bad_element_is_named_alone():
    days = [{"calendarDate": f"2026-03-0{n}", "totalSteps": 1000 * n} for n in (1, 2, 3)]
    result = parsed([*days, {"calendarDate": "no day", "totalSteps": 5}])
    assert [event.metadata["day"] for event in result.events] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert [(rejection.code, rejection.location) for rejection in result.rejections] == [
        ("no_day", "element 4")
    ]


@pytest.mark.parametrize(("step", "kind"), [(1, "garmin.sleep_score"), (7, "garmin.stress_weekly")])
def test_lists_that_look_alike_are_told_apart_by_the_distance_of_their_days(step, kind):
    start = dt.date(2026, 3, 2)
    result = parsed(
        [{"calendarDate": str(start + dt.timedelta(days=step * n)), "value": 40} for n in range(3)]
    )
    assert {event.event_type for event in result.events} == {kind}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty_file"),
        ("   \n", "empty_file"),
        ("[]", "no_data"),
        ("{}", "no_data"),
        ("just a text that was named .fit", "unrecognised"),
        (b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\x00\x00", "fit_unreadable"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "unrecognised"),
        (json.dumps(SLEEP)[:60], "bad_json"),
        ('{"message": "HTTP 404 Not Found", "error": "NotFoundException"}', "garmin_error"),
        ("<!DOCTYPE html><html></html>", "web_page"),
        ("time,kid,value\n2026-03-01,mood,5\n", "missing_column"),
        ("kind,value\nmood,5\n", "missing_column"),
        ("time,kind,value\n2026-03-01,joy,5\n", "unknown_kind"),
        ("time,kind,value\n2026-03-01,mood,high\n", "not_a_number"),
        ("time,kind,value\nyesterday,mood,5\n", "bad_time"),
        ("time,kind,value,unit\n2026-03-01,caffeine,1,cup\n", "unknown_unit"),
        ("time,kind,value\n2027-03-01,mood,5\n", "future"),
        (
            {
                "dailySleepDTO": {
                    **SLEEP["dailySleepDTO"],
                    "sleepStartTimestampGMT": None,
                    "calendarDate": "2030-01-01",
                }
            },
            "future",
        ),
        ({"trial": "x", "arms": ["one"], "outcome": "mood", "start_day": "2026-01-01"}, "bad_protocol"),
        ({"1": 0, "2": 1}, "nameless_schedule"),
        ({"calendarDate": "2026-03-01", "note": "a\x00b"}, "rejected_record"),
    ],
)
def test_what_cannot_be_taken_in_says_why(content, code):
    result = parsed(content)
    assert (codes(result), result.events) == ([code], [])
    assert result.keep
    assert result.rejections[0].reason.endswith(".")


def test_a_reason_quotes_no_value():
    result = parsed("time,kind,value,unit\n2026-03-01,weight,secretive,kg\n2026-03-02,weight,99123,kg\n")
    assert len(result.rejections) == 2
    assert not re.search("secretive|99123", " ".join(rejection.reason for rejection in result.rejections))


def test_the_good_rows_of_a_log_are_taken_and_the_bad_ones_named_by_line():
    result = parsed("time;kind;value;unit\n2026-03-01T08:00;weight;71,5;kg\n2026-03-02;weight;heavy;kg\n")
    assert [event.data for event in result.events] == [{"weight_kg": 71.5}]
    assert [rejection.location for rejection in result.rejections] == ["line 3"]


def test_two_equal_entries_of_a_file_are_two_and_stay_two_when_it_comes_again():
    log = "time,kind,value,unit\n2026-03-01T09:00,caffeine,80,mg\n2026-03-01T09:00,caffeine,80,mg\n"
    first, second = ([event.event_id for event in parsed(log).events] for _ in range(2))
    assert len(set(first)) == 2
    assert first == second


def test_a_time_without_offset_is_the_persons_clock_on_both_sides_of_the_change():
    log = "time,kind,value\n2026-03-28T12:00,mood,5\n2026-03-30T12:00,mood,5\n2026-03-01T12:00+09:00,mood,5\n"
    assert [event.utc_offset for event in parsed(log).events] == [
        dt.timedelta(hours=1),
        dt.timedelta(hours=2),
        dt.timedelta(hours=9),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_log_is_read_in_the_encodings_that_spreadsheets_write(encoding):
    log = "time,kind,value,note\r\n2026-03-01T08:00,mood,5,übermüdet\r\n"
    assert parsed(log.encode(encoding)).events[0].data == {"rating": 5.0, "note": "übermüdet"}


STUDY = """datetime,study_day,mood,melatonin,condition,mood_daily_mean
2026-04-02 10:00:00,1,75,1,melatonin,
2026-04-03 22:00:00,1,82,1,melatonin,78.5
2026-04-04 10:00:00,2,80,0,control,80
"""


def test_a_recorded_study_gives_its_arms_its_outcome_and_days_that_may_span_two_dates():
    result = parsed(STUDY)
    protocol = next(event.data for event in result.events if event.event_type == "trial.protocol")
    assert (protocol["trial"], protocol["arms"], protocol["outcome"], protocol["secondary"]) == (
        "melatonin",
        ["control", "melatonin"],
        "mood",
        [],
    )
    days = [event.data for event in result.events if event.event_type == "trial.day"]
    assert [(day["study_day"], day["arm"], day["first_day"], day["last_day"]) for day in days] == [
        (1, "melatonin", "2026-04-02", "2026-04-03"),
        (2, "control", "2026-04-04", "2026-04-04"),
    ]
    assert sum(event.event_type == "measure" for event in result.events) == 3


def test_answers_and_daily_means_of_a_study_are_different_events():
    means = (
        "date,study_day,mood,melatonin,condition\n2026-04-02,1,78.5,1,melatonin\n2026-04-04,2,80,0,control\n"
    )
    answers, daily = (
        {event.event_id for event in parsed(table).events if event.event_type != "trial.protocol"}
        for table in (STUDY, means)
    )
    assert not answers & daily


def test_a_bare_schedule_is_named_after_its_folder():
    (event,) = parsed({"1": 0, "2": 1}, folder="Melatonin study").events
    assert (event.natural_key, event.data["assignment"]) == ("melatonin_study", {"1": 0, "2": 1})


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_zip_is_read_through_and_a_bomb_in_it_refused_alone():
    result = parsed(zipped(night=json.dumps(SLEEP).encode(), bomb=b"0" * 30_000_000))
    assert [event.event_type for event in result.events] == ["garmin.sleep"]
    assert [(rejection.code, rejection.location) for rejection in result.rejections] == [
        ("too_large", "bomb")
    ]


def test_the_examples_of_the_documentation_are_taken_in_whole():
    page = (Path(__file__).parents[3] / "docs" / "logs.md").read_text()
    blocks = re.findall(r"```(?:csv|json)\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        result = parsed(block)
        assert result.events, block
        assert result.rejections == [], block


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "calendarDate",
                    "dailySleepDTO",
                    "hrvSummary",
                    "activityId",
                    "startTimeGMT",
                    "summaryDTO",
                    "dateWeightList",
                    "weight",
                    "date",
                    "timestampGMT",
                    "values",
                    "value",
                    "kind",
                    "time",
                    "trial",
                    "arms",
                    "assignment",
                    "1",
                    "heartRateValues",
                    "stressValuesArray",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(document=json_values)
def test_any_json_becomes_events_or_reasons(document):
    account_for(parsed(json.dumps(document)))


@settings(max_examples=200, deadline=None)
@given(
    content=st.binary(max_size=400)
    | st.binary(max_size=300).map(lambda tail: b"\x0e\x10\xd9\x07\x00\x01\x00\x00.FIT" + tail)
)
def test_any_bytes_become_events_or_reasons(content):
    account_for(parsed(content))


@settings(max_examples=200, deadline=None)
@given(
    table=st.lists(
        st.lists(
            st.sampled_from(
                [
                    "time",
                    "kind",
                    "value",
                    "date",
                    "mood",
                    "study_day",
                    "condition",
                    "5",
                    "2026-03-01",
                    "nan",
                    "1e999",
                    "",
                    "a,b",
                    '"',
                ]
            )
            | st.text(max_size=6),
            min_size=1,
            max_size=5,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_table_becomes_events_or_reasons(table):
    account_for(parsed("\n".join(",".join(row) for row in table)))


def account_for(result: ParseResult) -> None:
    assert result.events or result.rejections
    for event in result.events:
        assert isinstance(event, Event)
        assert event.time.tzinfo is not None
    for rejection in result.rejections:
        assert isinstance(rejection, Rejection)
        assert rejection.reason
