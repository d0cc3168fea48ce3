"""A sync requests what is due, stores everything that it receives, and is recorded in the ledger."""

import datetime as dt
import importlib.util
from collections import Counter

import pytest

from santorio.errors import ConfigError
from santorio.ingest.garmin.endpoints import ENDPOINTS
from santorio.simulator.server import Fault

FEW = ("daily_summary", "steps", "sleep", "heart_rate")
TODAY = dt.date(2026, 3, 20)
SINCE = dt.date(2026, 3, 15)
OF_ACTIVITIES = (
    "activity",
    "activity_detail",
    "activity_samples",
    "activity_splits",
    "activity_weather",
    "activity_exercise_sets",
    "activity_file",
)
WEEK = dt.timedelta(days=7)


def test_every_kind_of_every_day_has_a_row_also_where_garmin_has_nothing(my_home) -> None:
    [report] = my_home.sync(since=SINCE)
    assert (report.status, report.calls_left) == ("done", 0)
    rows = my_home.rows("select kind, count(*) from ops.coverage group by kind")
    expected = {
        endpoint.kind: 6 if endpoint.grain == "days" else 1 for endpoint in ENDPOINTS if endpoint.is_default
    }
    assert {kind: count for kind, count in rows if not kind.startswith("activity_")} == {
        kind: count for kind, count in expected.items() if not kind.startswith("activity_")
    }
    assert set(my_home.ledger("sleep").values()) == {"provisional"}
    # Data on the menstrual cycle is requested only by name.
    assert not [path for path in my_home.paths() if "periodichealth" in path]
    my_home.sync(since=TODAY, kinds=("menstrual_day",))
    assert [path for path in my_home.paths() if "periodichealth" in path]


def test_days_settle_when_their_answer_stops_changing_and_are_not_asked_for_again(my_home) -> None:
    my_home.sync(since=SINCE, kinds=FEW)
    my_home.sync(kinds=FEW)
    assert list(my_home.ledger("sleep").values()) == ["final"] * 4 + ["provisional"] * 2
    before = my_home.content()
    [report] = my_home.sync(kinds=FEW)
    requests = Counter(
        path for path in my_home.paths() if "dailySleepData" in path or "dailyHeartRate" in path
    )
    assert sorted(requests.values()) == [2, 2]  # today and yesterday
    assert report.events.new == report.events.versions == 0
    assert my_home.content() == before


def test_days_without_data_settle_as_empty(my_home) -> None:
    my_home.server.faults.add(Fault("204", path="/nutrition-service", times=None))
    my_home.sync(since=SINCE, kinds=("nutrition",))
    my_home.sync(kinds=("nutrition",))
    assert set(my_home.ledger("nutrition").values()) == {"empty", "provisional"}


def test_a_backfill_takes_range_calls_and_long_past_days_are_final_at_once(my_home) -> None:
    my_home.sync(since=TODAY - dt.timedelta(days=39), kinds=("steps", "daily_summary", "weigh_in"))
    paths = Counter(
        path.split("/")[3] for path in my_home.paths() if "stats/steps" in path or "summaries" in path
    )
    assert sum(paths.values()) == 4  # two months, two kinds
    ledger = my_home.ledger("steps")
    assert len(ledger) == 40
    assert {status for day, status in ledger.items() if day <= TODAY - WEEK} <= {"final", "empty"}
    assert len([path for path in my_home.paths() if "weight" in path]) == 1


def test_the_present_day_grows_with_every_sync(my_home) -> None:
    my_home.server.now = dt.datetime(2026, 3, 20, 11, tzinfo=dt.UTC)
    my_home.sync(since=TODAY, kinds=("heart_rate",))
    my_home.server.now = dt.datetime(2026, 3, 20, 21, tzinfo=dt.UTC)
    [report] = my_home.sync(since=TODAY, kinds=("heart_rate",))
    assert report.events.versions == 1
    [(first, second)] = my_home.rows(
        "select min(n), max(n) from (select jsonb_array_length(data -> 'heartRateValues') as n from raw.events) x"
    )
    assert first < second


def test_how_far_back_a_person_asked_is_remembered_and_a_stopped_backfill_goes_on(
    my_home, undisturbed
) -> None:
    statuses = []
    for _ in range(30):
        # The first call of all tells when the watch last synced.
        [report] = my_home.sync(since=None if statuses else SINCE, max_requests=5, kinds=FEW, later=False)
        assert report.requests <= 5
        statuses.append(report.status)
        if report.calls_left == 0:
            break
    assert statuses[0] == "stopped"
    assert report.calls_left == 0
    assert my_home.content() == undisturbed


def test_ctrl_c_pauses_between_two_calls_and_the_next_sync_goes_on(my_home, undisturbed) -> None:
    def press(progress) -> None:
        assert progress.total >= progress.done
        if progress.done == 8:
            raise KeyboardInterrupt

    [report] = my_home.sync(since=SINCE, kinds=FEW, progress=press)
    assert report.status == "paused"
    assert report.calls_left > 0
    [report] = my_home.sync(kinds=FEW)
    assert (report.status, report.calls_left) == ("done", 0)
    assert my_home.content() == undisturbed


def test_the_newest_days_come_first(my_home) -> None:
    seen: list[dt.date] = []
    my_home.sync(since=SINCE, kinds=("sleep",), progress=lambda progress: seen.append(progress.day))
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == TODAY


def test_a_kind_that_there_is_not_is_named(my_home) -> None:
    with pytest.raises(ConfigError, match="sleeep"):
        my_home.sync(kinds=("sleeep",))


@pytest.mark.skipif(
    importlib.util.find_spec("santorio.simulator.payloads.fit") is None,
    reason="no original files of simulated activities",
)
def test_activities_come_with_details_samples_splits_and_their_original_file(my_home) -> None:
    my_home.sync(since=SINCE, kinds=OF_ACTIVITIES)
    [(listed,)] = my_home.rows("select count(*) from raw.events where event_type = 'garmin.activity'")
    rows = dict(
        my_home.rows("select kind, count(*) from ops.garmin_activities where status = 'final' group by kind")
    )
    assert listed > 0
    assert rows["activity_detail"] == rows["activity_samples"] == rows["activity_splits"] == listed
    assert rows["activity_file"] == listed
    files = my_home.rows("select count(distinct event_id) from raw.events where event_type = 'fit.activity'")
    assert files == [(listed,)]
    # What a file is of is known from where it came: the same activity is recognised by its number.
    [(numbers,)] = my_home.rows(
        "select array_agg(distinct metadata ->> 'garmin_activity_id') from raw.events where event_type = 'fit.activity'"
    )
    [(numbers_in_log,)] = my_home.rows(
        "select array_agg(distinct data ->> 'activityId') from raw.events where event_type = 'garmin.activity'"
    )
    assert sorted(numbers) == sorted(numbers_in_log)
    my_home.sync(kinds=OF_ACTIVITIES)
    assert not [path for path in my_home.paths() if "download-service" in path]


def test_an_activity_that_was_edited_is_asked_for_again_but_not_its_file(my_home) -> None:
    my_home.sync(since=SINCE, kinds=OF_ACTIVITIES)
    with my_home.database.connect() as connection:
        connection.execute(
            "update ops.garmin_activities set listing_hash = '\\x00'"
            " where activity_id = (select min(activity_id) from ops.garmin_activities)"
        )
    my_home.sync(kinds=OF_ACTIVITIES)
    paths = [path for path in my_home.paths() if "/activity-service/" in path or "download" in path]
    assert len(paths) == 5
    assert not [path for path in paths if "download" in path]


def test_a_second_sync_beside_the_first_steps_back(my_home) -> None:
    others = []
    my_home.sync(
        since=TODAY,
        kinds=("sleep",),
        progress=lambda _: others.extend(my_home.sync(since=TODAY, kinds=("sleep",))),
    )
    assert [report.status for report in others] == ["busy"]


def test_a_day_that_garmin_did_not_have_is_filled_by_a_file_and_not_asked_for_again(
    my_home, person, now
) -> None:
    from santorio.ingest.coverage.settlement import settle

    kinds = ("hydration",)
    my_home.server.faults.add(Fault(kind="204", path="/usersummary-service/stats/hydration", times=2))
    my_home.sync(since=SINCE, kinds=kinds)
    my_home.sync(kinds=kinds)
    assert my_home.ledger("hydration")[SINCE] == "empty"
    path = my_home.settings.home / "hydration.json"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text('[{"calendarDate": "2026-03-15", "valueInML": 2100, "goalInML": 2000}]')
    from santorio.ingest.importer import import_paths

    import_paths(my_home.database, my_home.store, person, [path], now=now)
    with my_home.database.connect() as connection:
        settle(connection, person.user_id, days=None, today=TODAY)
    assert my_home.ledger("hydration")[SINCE] == "final"


def test_a_provisional_day_that_was_just_asked_for_rests_until_the_watch_uploads_again(my_home) -> None:
    my_home.server.now = dt.datetime(2026, 3, 20, 11, tzinfo=dt.UTC)
    my_home.sync(since=SINCE, kinds=("sleep", "heart_rate"))
    [report] = my_home.sync(later=False, kinds=("sleep", "heart_rate"))
    assert report.calls == 0
    my_home.server.now = dt.datetime(2026, 3, 20, 21, tzinfo=dt.UTC)
    [report] = my_home.sync(later=False, kinds=("sleep", "heart_rate"))
    assert report.events.versions >= 1
