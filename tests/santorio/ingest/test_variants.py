"""The same things in other shapes: how clients, spreadsheets and people vary what they write."""

import datetime as dt
import hashlib
import io
import json
import uuid
import zipfile

import pytest

from santorio.ingest import file_parser
from santorio.ingest.file_parser import parse_file
from santorio.people import Person
from santorio.storage.parse_result import ParseResult
from support.fit_files import RUN

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
NIGHT = {
    "userProfilePK": 7,
    "calendarDate": "2026-03-02",
    "sleepTimeSeconds": 27000,
    "deepSleepSeconds": 5400,
    "sleepStartTimestampGMT": 1772402400000,
    "sleepStartTimestampLocal": 1772406000000,
}


def parsed(content: object) -> ParseResult:
    if isinstance(content, str):
        content = content.encode()
    return parse_file(content if isinstance(content, bytes) else json.dumps(content).encode(), PERSON, NOW)


def flaws(result: ParseResult) -> list[tuple[str, str, str | None]]:
    return [(rejection.code, rejection.status, rejection.location) for rejection in result.rejections]


def types(result: ParseResult) -> list[str]:
    return [event.event_type for event in result.events]


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "document",
    [{"dailySleepDTO": NIGHT}, [{"dailySleepDTO": NIGHT}], [[{"dailySleepDTO": NIGHT}]]],
    ids=["answer", "list", "pages"],
)
def test_a_night_is_the_same_event_whatever_is_wrapped_around_it(document: object) -> None:
    (event,) = parsed(document).events
    assert (event.event_type, event.natural_key) == ("garmin.sleep", "7/2026-03-02")
    assert event.utc_offset == dt.timedelta(hours=1)


def test_a_bare_night_stands_beside_the_answer_with_its_series_and_never_in_its_place() -> None:
    (event,) = parsed([NIGHT]).events
    assert (event.event_type, event.natural_key) == ("garmin.sleep_summary", "7/2026-03-02")


def test_an_error_among_payloads_is_named_and_the_payloads_taken() -> None:
    result = parsed([{"dailySleepDTO": NIGHT}, {"message": "HTTP 404 Not Found"}])
    assert (types(result), flaws(result)) == (["garmin.sleep"], [("garmin_error", "open", "element 2")])


def test_a_payload_garmin_adds_tomorrow_is_kept_with_its_shape() -> None:
    (event,) = parsed({"userProfilePK": 7, "calendarDate": "2026-03-02", "novelty": 3}).events
    assert event.event_type == "garmin.other"
    assert event.metadata["shape"] == ["calendarDate", "novelty", "userProfilePK"]


@pytest.mark.parametrize("document", [[], {}, [{}], {"a": None, "b": []}, {"hrvSummary": None}])
def test_nothing_is_named_as_nothing(document: object) -> None:
    result = parsed(document)
    assert (result.events, flaws(result)) == ([], [("no_data", "ignored", None)])


def test_an_empty_day_in_the_future_is_nothing_but_a_measured_one_is_wrong() -> None:
    empty = {"dailySleepDTO": {"userProfilePK": 7, "calendarDate": "2030-01-01", "retro": False, "id": None}}
    assert flaws(parsed(empty)) == [("no_data", "ignored", None)]
    empty["dailySleepDTO"]["sleepTimeSeconds"] = 27000
    assert flaws(parsed(empty)) == [("future", "open", None)]


def test_an_empty_day_of_the_past_is_an_event_so_that_coverage_knows_it_was_asked_for() -> None:
    assert types(parsed({"dailySleepDTO": {"calendarDate": "2026-03-02", "sleepTimeSeconds": None}})) == [
        "garmin.sleep"
    ]


def test_days_with_a_hole_of_a_week_are_still_days() -> None:
    days = ["2026-03-01", "2026-03-08", "2026-03-09"]
    assert set(types(parsed([{"calendarDate": day, "value": 70} for day in days]))) == {"garmin.sleep_score"}


def test_a_fit_file_in_a_zip_points_to_the_zip_which_is_what_is_kept() -> None:
    packed = zipped({"run.fit": RUN, "nights/night.json": json.dumps({"dailySleepDTO": NIGHT}).encode()})
    result = parsed(packed)
    assert types(result) == ["fit.activity", "garmin.sleep"]
    assert result.events[0].metadata["object_sha256"] == hashlib.sha256(packed).hexdigest()
    assert result.keep


def test_a_reader_that_fails_names_its_file_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("3.5 kg")

    monkeypatch.setattr(file_parser.garmin_parser, "parse", fail)
    result = parsed({"dailySleepDTO": NIGHT})
    assert flaws(result) == [("reader_failed", "open", None)]
    assert "3.5" not in result.rejections[0].reason


def test_a_character_that_the_database_cannot_keep_is_named_wherever_it_stands() -> None:
    assert flaws(parsed(b'{"userProfilePK": 7, "calendarDate": "2026-03-02", "n": "a\\u0000b"}')) == [
        ("rejected_record", "open", "garmin.other")
    ]
    table = "date,mood\n" + "2026-03-01,5\n" * 100 + "2026-03-02,\x00\n"
    assert all(
        "\x00" not in f"{rejection.reason}{rejection.location}" for rejection in parsed(table).rejections
    )


def test_a_list_of_entries_with_one_bad_element_keeps_the_others() -> None:
    result = parsed([{"time": "2026-03-01T08:00", "kind": "mood", "value": 5}, 7])
    assert (types(result), flaws(result)) == (["mood"], [("unrecognised", "open", "entry 2")])


@pytest.mark.parametrize(
    ("amount", "grams"), [("2,drinks", 28.0), ("2,units", 16.0), ("2,", 28.0), ("20,g", 20.0)]
)
def test_alcohol_is_grams_of_alcohol(amount: str, grams: float) -> None:
    (event,) = parsed(f"time,kind,value,unit\n2026-03-01T20:00,alcohol,{amount}\n").events
    assert event.data["amount_g"] == grams


def test_an_unknown_unit_is_not_guessed() -> None:
    result = parsed("time,kind,value,unit\n2026-03-01T20:00,caffeine,2,cups\n")
    assert (result.events, flaws(result)) == ([], [("unknown_unit", "open", "line 2")])


def test_a_yes_is_no_number() -> None:
    assert flaws(parsed({"time": "2026-03-01", "kind": "mood", "value": True})) == [
        ("not_a_number", "open", "entry 1")
    ]


def test_people_may_write_the_hour_with_one_digit_but_not_the_week_for_the_day() -> None:
    result = parsed("time,kind,value\n2026-03-01 8:30,mood,5\n2026-W09,mood,5\n20260301,mood,5\n")
    assert [event.time.isoformat() for event in result.events] == ["2026-03-01T07:30:00+00:00"]
    assert flaws(result) == [("bad_time", "open", "line 3"), ("bad_time", "open", "line 4")]


def test_a_comma_is_a_decimal_point_where_it_separates_no_columns() -> None:
    result = parsed("date;mood\n2026-03-01;7,5\n2026-03-02;6\n")
    assert [event.data["value"] for event in result.events] == [7.5, 6]


def test_a_number_that_may_be_thousands_is_named_not_guessed() -> None:
    result = parsed("date;mood;steps\n2026-03-01;7,5;7.500\n2026-03-02;6,5;900\n")
    assert [(event.data["name"], event.data["value"]) for event in result.events] == [
        ("mood", 7.5),
        ("mood", 6.5),
        ("steps", 900),
    ]
    assert flaws(result) == [("not_a_number", "open", "line 2, column steps")]


def test_a_table_of_several_people_is_not_mixed_into_one() -> None:
    result = parsed("id,date,steps\n1,2026-03-01,5000\n2,2026-03-01,7000\n")
    assert (result.events, flaws(result)) == ([], [("several_people", "open", None)])
    assert types(parsed("id,date,steps\n1,2026-03-01,5000\n2,2026-03-02,7000\n")) == ["measure", "measure"]


def test_a_log_without_rows_is_empty_and_a_text_with_a_comma_no_log() -> None:
    assert flaws(parsed("time,kind,value\n")) == [("no_data", "ignored", None)]
    assert flaws(parsed("hello, this is no FIT file\n")) == [("unrecognised", "open", None)]


def test_weigh_ins_beside_the_range_that_was_asked_for_are_taken_too_each_once() -> None:
    def weigh_in(number: int, day: str) -> dict[str, object]:
        return {"samplePk": number, "calendarDate": day, "weight": 70000.0, "timestampGMT": 1772431200000}

    nothing = dict.fromkeys(weigh_in(0, ""))
    result = parsed(
        {
            "dailyWeightSummaries": [
                {"allWeightMetrics": [weigh_in(1, "2026-03-02")], "latestWeight": weigh_in(1, "2026-03-02")},
                {"allWeightMetrics": [], "latestWeight": weigh_in(2, "2026-03-04")},
            ],
            "previousDateWeight": weigh_in(3, "2026-02-20"),
            "nextDateWeight": nothing,
        }
    )
    assert [event.natural_key for event in result.events] == ["-/1", "-/2", "-/3"]
    assert result.rejections == []


def test_bad_elements_of_a_day_of_weigh_ins_are_each_named() -> None:
    result = parsed({"dateWeightList": [None, {"calendarDate": "2026-03-02", "weight": 1.0}, 7]})
    assert (types(result), flaws(result)) == (
        ["garmin.weigh_in"],
        [("unrecognised", "open", "entry 1"), ("unrecognised", "open", "entry 3")],
    )


def test_activities_of_the_accounts_export_are_not_mistaken_for_those_of_the_list() -> None:
    run = {"activityId": 5, "beginTimestamp": 1772352000000, "duration": 1800000.0, "distance": 500000.0}
    result = parsed([{"summarizedActivitiesExport": [run, {**run, "activityId": 6}]}])
    assert types(result) == ["garmin.activity_export"] * 2
    assert result.events[0].time == dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"avgStressLevel": 22, "stressChartValueOffset": 1}, "stress"),
        ({"averageSpO2": 96, "lowestSpO2": 90}, "spo2"),
        ({"userId": 7, "generic": {"calendarDate": "2026-03-01", "vo2MaxValue": 50}}, "max_metrics"),
    ],
)
def test_a_payload_is_recognised_when_its_series_is_missing(payload: dict[str, object], kind: str) -> None:
    assert types(parsed({"calendarDate": "2026-03-01", **payload})) == [f"garmin.{kind}"]


def test_a_day_at_the_end_of_time_is_named_and_the_others_kept() -> None:
    result = parsed(
        [{"calendarDate": "2026-03-01", "totalSteps": 5}, {"calendarDate": "9999-12-31", "totalSteps": 5}]
    )
    assert (types(result), flaws(result)) == (["garmin.steps"], [("no_day", "open", "element 2")])


def test_a_row_of_a_study_that_breaks_off_is_named_and_the_others_kept() -> None:
    table = "datetime,study_day,mood,pill,condition\n2026-03-01 10:00,1,6,0,control\n2026-03-02 10:00,2,7,1,pill\n"
    result = parsed(table + "2026-03-03 10:00\n")
    assert types(result).count("measure") == 2
    assert flaws(result) == [("not_a_number", "open", "line 4")]
