"""One activity counts once, whoever recorded it, in whatever order its recordings came."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from santorio.people import ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import write_events
from support.scenarios import scenario

RIDE = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


def listed(number: int, start: dt.datetime, seconds: float, sport: str = "cycling", **more: object) -> Any:
    local = start + dt.timedelta(hours=1)
    return {
        "activityId": number,
        "startTimeGMT": start.strftime("%Y-%m-%d %H:%M:%S"),
        "startTimeLocal": local.strftime("%Y-%m-%d %H:%M:%S"),
        "activityType": {"typeKey": sport},
        "duration": seconds,
        "elapsedDuration": seconds,
        **more,
    }


def exported(number: int, start: dt.datetime, seconds: float, sport: str = "cycling", **more: object) -> Any:
    moment = start.timestamp() * 1000
    return {
        "activityId": number,
        "startTimeGmt": moment,
        "beginTimestamp": moment,
        "startTimeLocal": moment + 3_600_000,
        "activityType": sport,
        "duration": seconds * 1000,
        "elapsedDuration": seconds * 1000,
        **more,
    }


def session(start: dt.datetime, seconds: float, sport: str = "cycling", **more: object) -> Any:
    return {
        "sessions": [
            {
                "start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "sport": sport,
                "total_timer_time_s": seconds,
                "total_elapsed_time_s": seconds,
                **more,
            }
        ]
    }


@scenario
def test_one_ride_from_list_export_file_and_a_second_device_is_one_activity_with_each_decision_told(
    log: Any, rows: Any
) -> Iterator[None]:
    log.garmin("activity", "2026-03-01", listed(1, RIDE, 3600, averageHR=140), key="1")
    log.garmin(
        "activity_export",
        "2026-03-01",
        exported(1, RIDE, 3600, distance=3_000_000, calories=2500, elevationGain=31_000),
        key="1",
    )
    log.fit("watch/1", session(RIDE, 3600, avg_heart_rate_bpm=141, normalized_power_w=226))
    late = RIDE + dt.timedelta(minutes=5)
    log.garmin("activity", "2026-03-01", listed(2, late, 3300, "road_biking", calories=600), key="2")
    yield
    (ride,) = rows("marts.activities")
    assert (ride["activity_id"], ride["recordings"], ride["duration_s"]) == ("1", 4, 3600)
    assert (ride["avg_hr_bpm"], ride["distance_m"], ride["elevation_gain_m"]) == (140, 30_000, 310)
    assert (ride["normalized_power_w"], ride["energy_kcal"]) == (226, 600)
    told = rows("marts.activity_recordings", order="reported_by, activity_number")
    assert [(one["reported_by"], one["activity_id"], one["rule"], one["figures_taken"]) for one in told] == [
        ("FIT file", "1", "same_start", ["normalized_power_w"]),
        ("account export", "1", "same_number", ["distance_m", "elevation_gain_m"]),
        ("activity list", "1", "first", ["sport", "duration_s", "avg_hr_bpm"]),
        ("activity list", "1", "same_time", ["energy_kcal"]),
    ]
    assert told[3]["reason"] == (
        "It starts 5 min after the recording it was held against, but they share 92 % of the longer one's time, "
        "and the sport."
    )
    assert told[3]["compared_with"] == told[2]["recording_id"]
    (load,) = rows("marts.days", "activity_count, activity_minutes", where="activity_count is not null")
    assert load == {"activity_count": 1, "activity_minutes": 60}


@scenario
def test_a_triathlon_told_by_garmin_and_file_counts_by_its_parts(log: Any, rows: Any) -> Iterator[None]:
    swim, ride = RIDE, RIDE + dt.timedelta(minutes=30)
    log.garmin("activity", "2026-03-01", listed(5, swim, 9000, "multi_sport", parent=True), key="5")
    log.garmin("activity", "2026-03-01", listed(6, swim, 1800, "open_water_swimming", parentId=5), key="6")
    log.garmin("activity", "2026-03-01", listed(7, ride, 7200, parentId=5), key="7")
    parts = [session(swim, 1800, "swimming"), session(ride, 7200), session(swim, 9000, "multisport")]
    log.fit("watch/tri", {"sessions": [part["sessions"][0] for part in parts]})
    yield
    assert [one["activity_id"] for one in rows("marts.activities", "activity_id")] == ["6", "7"]
    told = rows(
        "marts.activity_recordings", "activity_id, reported_by, rule", order="activity_id, reported_by"
    )
    assert [(one["activity_id"], one["reported_by"], one["rule"]) for one in told] == [
        ("6", "FIT file", "same_start"),
        ("6", "activity list", "first"),
        ("7", "FIT file", "same_start"),
        ("7", "activity list", "first"),
        (None, "FIT file", "whole_of_parts"),
        (None, "activity list", "whole_of_parts"),
    ]


@scenario
def test_a_file_that_garmin_gave_for_an_activity_goes_to_it_whatever_its_clock_says(
    log: Any, rows: Any
) -> Iterator[None]:
    log.garmin("activity", "2026-03-01", listed(1, RIDE, 3600), key="1")
    wrong = RIDE - dt.timedelta(hours=9)
    log.fit("watch/1", session(wrong, 3600, avg_power_w=180), metadata={"garmin_activity_id": "1"})
    yield
    (ride,) = rows("marts.activities")
    assert (ride["started_at"], ride["avg_power_w"], ride["recordings"]) == (RIDE, 180, 2)


SHORT = st.tuples(
    st.sampled_from(["list", "export", "file"]),
    st.integers(0, 40),  # half minutes after the first
    st.sampled_from([20, 60, 300, 600]),
    st.sampled_from(["cycling", "strength_training", "swimming", "other"]),
)
Recordings = list[tuple[str, int, int, str]]


def note(log: Any, recordings: Sequence[tuple[int, tuple[str, int, int, str]]]) -> None:
    for number, (form, halves, seconds, sport) in recordings:
        start = RIDE + dt.timedelta(seconds=30 * halves)
        if form == "list":
            log.garmin("activity", "2026-03-01", listed(number, start, seconds, sport), key=str(number))
        elif form == "export":
            log.garmin(
                "activity_export", "2026-03-01", exported(number, start, seconds, sport), key=str(number)
            )
        else:
            log.fit(f"file/{number}", session(start, seconds, sport))


def decisions(connection: psycopg.Connection, user_id: uuid.UUID) -> list[dict[str, Any]]:
    """What was decided, by what a recording says instead of by its event's id, which names the person."""
    query = """
        select recording.activity_number, recording.reported_by, recording.started_at, recording.duration_s,
               recording.sport, recording.rule, recording.reason, recording.figures_taken,
               first.started_at as first_started_at, first.duration_s as first_duration_s
        from marts.activity_recordings as recording
        join marts.activity_recordings as first
          on first.user_id = recording.user_id and first.activity_id = recording.activity_id
         and first.rule = 'first'
        where recording.user_id = %s
        order by 1, 2, 3, 4, 5
    """
    return connection.cursor(row_factory=dict_row).execute(query, [user_id]).fetchall()


def test_any_recordings_in_any_order_give_the_same_activities_and_none_is_carried_along(
    build: Any, warehouse: Database, log_of: Any
) -> None:
    """All examples are people of one build: a build takes seconds, an example milliseconds."""
    twins: list[tuple[uuid.UUID, uuid.UUID]] = []

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(SHORT, min_size=2, max_size=12, unique=True), st.randoms(use_true_random=False))
    def gather(recordings: Recordings, random: Any) -> None:
        numbered = list(enumerate(recordings, start=1))
        shuffled = random.sample(numbered, len(numbered))
        with warehouse.connect() as connection:
            pair = [ensure_person(connection, f"twin {uuid.uuid4().hex}", "UTC") for _ in range(2)]
            for person, order in zip(pair, (numbered, shuffled), strict=True):
                noted: list[Any] = []
                note(log_of(person, noted), order)
                write_events(connection, noted)
        twins.append((pair[0].user_id, pair[1].user_id))

    gather()
    build("--select", "+activity_recordings", "+activities")
    with warehouse.connect() as connection:
        for one, other in twins:
            told = decisions(connection, one)
            assert told == decisions(connection, other)
            for recording in told:
                # Whoever joined shares time with the first itself: nothing is carried along by a neighbour.
                shift = abs((recording["started_at"] - recording["first_started_at"]).total_seconds())
                assert shift < max(recording["duration_s"], recording["first_duration_s"])
        lost = connection.execute(
            "select count(*) from marts.activity_recordings r left join marts.activities a "
            "using (user_id, activity_id) where r.activity_id is not null and a.activity_id is null"
        ).fetchone()
        assert lost == (0,)
