"""The ledger says of every kind and day whether the data is there, and gaps can be read."""

import datetime as dt

import pytest
from psycopg.types.json import Jsonb

from santorio.ingest.coverage.gaps import CoverageGap, Reason, find_gaps, what_to_do
from santorio.ingest.coverage.settlement import settle
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events

TODAY = dt.date(2026, 3, 20)
FULL = {"calendarDate": "x", "totalSteps": 4000, "restingHeartRate": 51}
EMPTY = {"userProfileId": 7, "calendarDate": "x", "totalSteps": None, "restingHeartRate": None}


def payload(person: Person, day: int, data: dict[str, object], kind: str = "daily_summary") -> Event:
    date = dt.date(2026, 3, day)
    return Event(
        user_id=person.user_id,
        time=dt.datetime(2026, 3, day, tzinfo=dt.UTC),
        utc_offset=None,
        event_type=f"garmin.{kind}",
        source="garmin",
        natural_key=f"-/{date}",
        data=data,
        metadata={"day": date.isoformat()},
    )


def settled(database: Database, person: Person, *events: Event, today: dt.date = TODAY) -> dict[str, int]:
    with database.connect() as connection:
        write_events(connection, events)
        return settle(connection, person.user_id, days=None, today=today).counts


def ledger(database: Database) -> dict[int, tuple[str, int]]:
    with database.connect() as connection:
        rows = connection.execute("select day, status, attempts from ops.coverage order by day").fetchall()
    return {day.day: (status, attempts) for day, status, attempts in rows}


def test_old_days_are_final_young_days_provisional_and_days_without_values_empty(
    database: Database, person: Person
) -> None:
    counts = settled(
        database,
        person,
        payload(person, 10, FULL),
        payload(person, 11, EMPTY),
        payload(person, 19, FULL),
        payload(person, 20, EMPTY),
    )
    assert counts == {"empty": 1, "final": 1, "provisional": 2}
    assert {day: status for day, (status, _) in ledger(database).items()} == {
        10: "final",
        11: "empty",
        19: "provisional",
        20: "provisional",
    }


def test_settling_again_changes_nothing_and_a_later_day_makes_it_final(
    database: Database, person: Person
) -> None:
    settled(database, person, payload(person, 19, FULL))
    before = ledger(database)
    settled(database, person)
    assert ledger(database) == before
    settled(database, person, today=TODAY + dt.timedelta(days=1))
    assert ledger(database) == {19: ("final", 1)}


def test_a_late_sync_is_another_attempt(database: Database, person: Person) -> None:
    settled(database, person, payload(person, 19, EMPTY))
    settled(database, person, payload(person, 19, FULL), today=TODAY + dt.timedelta(days=5))
    assert ledger(database) == {19: ("final", 2)}


def test_a_deleted_payload_does_not_cover_its_day(database: Database, person: Person) -> None:
    event = payload(person, 10, FULL)
    deletion = Event(
        user_id=person.user_id,
        time=event.time,
        utc_offset=None,
        event_type="deleted",
        source="log",
        natural_key=str(event.event_id),
        data={"event_id": str(event.event_id)},
    )
    assert settled(database, person, event, deletion) == {}


def test_a_window_settles_its_own_days_only(database: Database, person: Person) -> None:
    with database.connect() as connection:
        write_events(connection, [payload(person, day, FULL) for day in (1, 2, 3)])
        first = dt.date(2026, 3, 2)
        assert settle(connection, person.user_id, days=(first, first), today=TODAY).counts == {"final": 1}
    assert list(ledger(database)) == [2]


def test_holes_are_runs_of_missing_or_empty_days_per_kind(database: Database, person: Person) -> None:
    settled(
        database,
        person,
        *(payload(person, day, FULL) for day in (1, 2, 6, 8)),
        payload(person, 7, EMPTY),
        *(payload(person, day, FULL, kind="sleep") for day in (1, 3)),
        *(payload(person, day, FULL, kind="activity") for day in (1, 9)),
    )
    with database.connect() as connection:
        gaps = find_gaps(connection, person.user_id)
    assert gaps == [
        CoverageGap("daily_summary", dt.date(2026, 3, 3), dt.date(2026, 3, 3), "missing"),
        CoverageGap("daily_summary", dt.date(2026, 3, 4), dt.date(2026, 3, 5), "unknown"),
        CoverageGap("daily_summary", dt.date(2026, 3, 7), dt.date(2026, 3, 7), "not worn"),
        CoverageGap("sleep", dt.date(2026, 3, 2), dt.date(2026, 3, 2), "missing"),
    ]
    assert [gap.days for gap in gaps] == [1, 2, 1, 1]


def test_a_watch_that_was_off_is_told_from_a_kind_that_was_not_fetched(
    database: Database, person: Person
) -> None:
    kinds = ("daily_summary", "heart_rate", "stress", "sleep", "hrv")
    full = [payload(person, day, FULL, kind) for day in (1, 5, 7) for kind in kinds]
    off = [payload(person, 2, EMPTY, kind) for kind in kinds]
    night_off = [payload(person, 3, EMPTY if kind in {"sleep", "hrv"} else FULL, kind) for kind in kinds]
    night_told_by_sleep_alone = [payload(person, 6, FULL), payload(person, 6, EMPTY, "sleep")]
    no_hrv = [
        payload(person, 4, EMPTY if kind == "hrv" else FULL, kind) for kind in kinds if kind != "stress"
    ]
    settled(database, person, *full, *off, *night_off, *no_hrv, *night_told_by_sleep_alone)
    with database.connect() as connection:
        connection.execute(
            "update ops.coverage set status = 'failed' where kind = 'heart_rate' and day = '2026-03-04'"
        )
        gaps = find_gaps(connection, person.user_id)
    reasons = {(gap.kind, gap.first_day.day): gap.reason for gap in gaps}
    assert reasons == {
        **{(kind, 2): "not worn" for kind in kinds},
        ("sleep", 3): "night not worn",
        ("hrv", 3): "night not worn",
        **{(kind, 6): "night not worn" for kind in ("sleep", "hrv")},
        **{(kind, 6): "missing" for kind in ("heart_rate", "stress")},
        ("hrv", 4): "Garmin has none",
        ("stress", 4): "missing",
        ("heart_rate", 4): "failed",
    }
    assert [(gap.kind, gap.first_day.day) for gap in gaps if not gap.is_intended] == [
        ("heart_rate", 4),
        ("heart_rate", 6),
        ("stress", 4),
        ("stress", 6),
    ]


def test_a_watch_is_not_said_to_have_been_off_on_a_day_of_which_hardly_anything_was_asked_for(
    database: Database, person: Person
) -> None:
    kinds = ("daily_summary", "heart_rate", "sleep", "hrv")
    full = [payload(person, day, FULL, kind) for day in (1, 4) for kind in kinds]
    # Of the third, Garmin said that there is no heart rate variability, and was asked for nothing else.
    settled(database, person, *full, payload(person, 3, EMPTY, "hrv"))
    asked(database, person, "daily_summary", 2, "failed", "http_503")
    with database.connect() as connection:
        gaps = find_gaps(connection, person.user_id)
    assert {(gap.kind, gap.first_day.day): gap.reason for gap in gaps} == {
        ("daily_summary", 2): "failed",
        **{(kind, 2): "missing" for kind in ("heart_rate", "sleep", "hrv")},
        **{(kind, 3): "unknown" for kind in kinds},
    }


def asked(
    database: Database, person: Person, kind: str, day: int, status: str, error: str | None = None
) -> None:
    with database.connect() as connection:
        connection.execute(
            "insert into ops.coverage (user_id, kind, day, status, last_error, requested_at)"
            " values (%s, %s, %s, %s, %s, now())",
            [person.user_id, kind, dt.date(2026, 3, day), status, error],
        )


def test_kinds_that_need_not_be_there_every_day_have_the_holes_of_what_was_asked_for(
    database: Database, person: Person
) -> None:
    settled(database, person, *(payload(person, day, FULL) for day in range(1, 10)))
    # Asked for on days 2 to 8 but 5 and 6, of which one has no other kind; never in 1 and 9.
    for day, status in {2: "final", 3: "empty", 4: "final", 7: "failed", 8: "final"}.items():
        asked(database, person, "weigh_in", day, status, "http_503" if status == "failed" else None)
    settled(database, person, payload(person, 1, FULL, "spo2"), payload(person, 9, FULL, "spo2"))
    with database.connect() as connection:
        connection.execute("delete from ops.coverage where kind = 'daily_summary' and day = '2026-03-06'")
        gaps = [gap for gap in find_gaps(connection, person.user_id) if gap.kind != "daily_summary"]
    assert gaps == [
        CoverageGap("weigh_in", dt.date(2026, 3, 5), dt.date(2026, 3, 5), "missing"),
        CoverageGap("weigh_in", dt.date(2026, 3, 7), dt.date(2026, 3, 7), "failed", "http_503"),
    ]


def test_a_failure_of_what_is_told_as_it_is_now_is_a_hole_until_a_newer_answer(
    database: Database, person: Person
) -> None:
    asked(database, person, "device", 4, "failed", "http_500")
    asked(database, person, "activity_detail", 4, "failed", "http_500")
    with database.connect() as connection:
        assert [gap.kind for gap in find_gaps(connection, person.user_id)] == ["activity_detail", "device"]
    asked(database, person, "device", 6, "final")
    asked(database, person, "activity_detail", 6, "final")
    with database.connect() as connection:
        assert [gap.kind for gap in find_gaps(connection, person.user_id)] == ["activity_detail"]


def test_failures_of_different_codes_are_told_apart(database: Database, person: Person) -> None:
    for day, error in {3: "http_503", 4: "http_503", 5: "not_json"}.items():
        asked(database, person, "sleep", day, "failed", error)
    with database.connect() as connection:
        assert find_gaps(connection, person.user_id) == [
            CoverageGap("sleep", dt.date(2026, 3, 3), dt.date(2026, 3, 4), "failed", "http_503"),
            CoverageGap("sleep", dt.date(2026, 3, 5), dt.date(2026, 3, 5), "failed", "not_json"),
        ]


def test_what_to_do_is_a_command_for_the_days_that_were_never_fetched_and_patience_for_those_that_failed() -> (
    None
):
    def gap(kind: str, first: int, last: int, reason: Reason, error: str | None = None) -> CoverageGap:
        return CoverageGap(kind, dt.date(2026, 3, first), dt.date(2026, 3, last), reason, error)

    meant = [
        gap("sleep", 1, 9, "not worn"),
        gap("hrv", 1, 1, "night not worn"),
        gap("steps", 2, 2, "unknown"),
    ]
    assert list(what_to_do(meant)) == []
    [sentence] = what_to_do([*meant, gap("stress", 4, 5, "missing"), gap("hrv", 2, 2, "missing")])
    assert sentence == (
        "3 days of a kind were never fetched: "
        "`santorio sync --since 2026-03-02 --until 2026-03-05 --kinds hrv,stress`, or import the account's export."
    )
    assert list(what_to_do([gap("sleep", 4, 4, "failed", "http_503"), gap("hrv", 4, 4, "failed")])) == [
        "2 days of a kind failed (http_503, no reason given): `santorio sync` requests them again."
    ]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"userProfilePK": 12, "calendarDate": "2026-03-01", "weightList": []},
        EMPTY,
        {"dailySleepDTO": {"id": None, "userProfilePK": 3, "sleepTimeSeconds": None}, "sleepMovement": None},
        {"heartRateValues": [[1770000000000, None], [1770000120000, None]], "restingHeartRate": None},
        {
            "maxStressLevel": -1,
            "avgStressLevel": -1,
            "stressChartValueOffset": 1,
            "stressValueDescriptorsDTOList": [{"key": "timestamp", "index": 0}, {"key": "level", "index": 1}],
            "stressValuesArray": [[1770000000000, -1], [1770000180000, -2]],
        },
        {"includesWellnessData": False, "includesActivityData": False, "totalSteps": None},
    ],
)
def test_an_answer_without_a_measurement_is_empty(database: Database, data: dict[str, object]) -> None:
    assert is_empty(database, data)


@pytest.mark.parametrize(
    "data",
    [
        {"heartRateValues": [[1770000000000, None], [1770000120000, 61]]},
        {"stressValuesArray": [[1770000000000, -1], [1770000180000, 0]]},
        {"dailySleepDTO": {"sleepTimeSeconds": 25200}},
        {"calendarDate": "2026-03-01", "totalSteps": 0},
        {"hrvSummary": {"lastNightAvg": 40}},
    ],
)
def test_one_measurement_suffices_for_an_answer_not_to_be_empty(
    database: Database, data: dict[str, object]
) -> None:
    assert not is_empty(database, data)


def is_empty(database: Database, data: dict[str, object]) -> bool:
    with database.connect() as connection:
        row = connection.execute("select ops.is_empty_payload(%s)", [Jsonb(data)]).fetchone()
    assert row is not None
    return bool(row[0])
