"""The simulated Garmin Connect, with the real client library talking to it."""

import datetime as dt
import io
import logging
import statistics
import zipfile
from collections.abc import Iterator

import pytest

from santorio.simulator import simulate
from santorio.simulator.server import Account, Fault, GarminServer, parse_fault, run_server

LAST_DAY = dt.date(2026, 3, 31)
EVENING = dt.datetime(2026, 3, 31, 19, 30, tzinfo=dt.UTC)
DAY = "2026-03-20"
HEART_RATE = "/wellness-service/wellness/dailyHeartRate"


@pytest.fixture(scope="module")
def accounts() -> list[Account]:
    lives = [simulate(days=40, seed=seed, last_day=LAST_DAY, profile=81_000_000 + seed) for seed in (1, 2)]
    return [
        Account("one@example.org", "first secret", lives[0]),
        Account("two@example.org", "second secret", lives[1], mfa_code="123456"),
    ]


@pytest.fixture(scope="module")
def running(accounts: list[Account]) -> Iterator[GarminServer]:
    with run_server(accounts, now=EVENING) as server:
        yield server


@pytest.fixture
def server(running: GarminServer) -> Iterator[GarminServer]:
    running.faults.clear()
    running.requests.clear()
    running.now = EVENING
    logging.disable(logging.CRITICAL)  # the client logs every failure with its traceback
    yield running
    logging.disable(logging.NOTSET)


def client_of(server: GarminServer, email: str | None = None, password: str | None = None, **options: object):
    from garminconnect import Garmin

    garmin = Garmin(email, password, retry_attempts=0, **options)
    client = garmin.client
    client._sso = client._connectapi = server.url
    client._di_token_url = f"{server.url}/di-oauth2-service/oauth/token"
    client._ios_service_url = f"{server.url}/gcm/ios"
    return garmin


@pytest.fixture
def garmin(server: GarminServer, accounts: list[Account]):
    client = client_of(server)
    client.login(server.token(accounts[0]))
    return client


def test_a_token_logs_in_and_reads_only_its_own_account(server, accounts, garmin) -> None:
    assert garmin.display_name == accounts[0].display_name
    assert garmin.get_heart_rates(DAY)["userProfilePK"] == 81_000_001
    garmin.display_name = accounts[1].display_name
    with pytest.raises(Exception, match="403"):
        garmin.get_heart_rates(DAY)


def test_a_password_logs_in_where_there_is_no_second_factor(server) -> None:
    garmin = client_of(server, "one@example.org", "first secret")
    assert garmin.login() == (None, None)
    assert garmin.get_steps_data(DAY)


def test_a_wrong_password_is_refused_at_once(server) -> None:
    from garminconnect import GarminConnectAuthenticationError

    with pytest.raises(GarminConnectAuthenticationError):
        client_of(server, "one@example.org", "guessed").login()
    assert [path for _, path, _ in server.requests] == ["/mobile/sso/en_US/sign-in", "/mobile/api/login"]


def test_the_second_factor_is_requested_and_checked(server, accounts) -> None:
    from garminconnect import GarminConnectAuthenticationError

    garmin = client_of(server, "two@example.org", "second secret", return_on_mfa=True)
    status, state = garmin.login()
    assert status == "needs_mfa"
    with pytest.raises(GarminConnectAuthenticationError):
        garmin.resume_login(state, "000000")
    garmin.resume_login(state, "123456")
    assert garmin.display_name == accounts[1].display_name


def test_a_refresh_token_is_good_once(server, accounts, garmin) -> None:
    before = garmin.client.di_refresh_token
    server.tokens.expire(accounts[0])
    assert garmin.get_heart_rates(DAY)["calendarDate"] == DAY
    assert garmin.client.di_refresh_token != before
    assert server.tokens.rotate(before) is None


def test_a_revoked_account_stays_out(server, accounts, garmin) -> None:
    from garminconnect import GarminConnectAuthenticationError

    server.tokens.revoke(accounts[0])
    with pytest.raises(GarminConnectAuthenticationError):
        garmin.get_heart_rates(DAY)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", "GarminConnectTooManyRequestsError"),
        ("401", "GarminConnectAuthenticationError"),
        ("403", "GarminConnectConnectionError"),
        ("500", "GarminConnectConnectionError"),
        ("503", "GarminConnectConnectionError"),
        ("cut", "GarminConnectConnectionError"),
        ("html", "GarminConnectConnectionError"),
    ],
)
def test_each_fault_reaches_the_client_as_its_own_error_and_then_passes(server, garmin, kind, error) -> None:
    server.faults.add(Fault(kind, path=HEART_RATE, times=None))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is what is compared
        garmin.get_heart_rates(DAY)
    assert type(caught.value).__name__ == error
    server.faults.clear()
    assert garmin.get_heart_rates(DAY)["heartRateValues"]


def test_a_fault_strikes_after_and_for_as_many_requests_as_it_says(server, garmin) -> None:
    server.faults.add(Fault("204", path=HEART_RATE, times=2, after=1))
    answered = [bool(garmin.get_heart_rates(DAY)) for _ in range(4)]
    assert answered == [True, False, False, True]


def test_a_changed_schema_keeps_the_values_and_renames_the_keys(server, garmin) -> None:
    server.faults.add(Fault("schema", path=HEART_RATE))
    assert garmin.get_heart_rates(DAY)["calendarDateV2"] == DAY


def test_retry_after_is_sent(server, garmin) -> None:
    import requests

    server.faults.add(Fault("429", path=HEART_RATE, retry_after=7))
    headers = garmin.client.get_api_headers()
    answer = requests.get(f"{server.url}{HEART_RATE}/x?date={DAY}", headers=headers, timeout=10)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_today_is_told_so_far_and_tomorrow_not_at_all(server, garmin) -> None:
    server.now = dt.datetime(2026, 3, 20, 12, 40, tzinfo=dt.UTC)
    samples = garmin.get_heart_rates(DAY)["heartRateValues"]
    assert samples[-1][0] < dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC).timestamp() * 1000
    assert garmin.get_heart_rates("2026-03-21") == {}
    server.now = EVENING
    assert len(garmin.get_heart_rates(DAY)["heartRateValues"]) > len(samples)


def test_a_night_is_known_only_after_waking(server, garmin, accounts) -> None:
    night = accounts[0].simulation.life.nights[28]
    date = accounts[0].simulation.life.clock.date(28).isoformat()
    server.now = dt.datetime.fromtimestamp(night.end - 7200, dt.UTC)
    assert garmin.get_sleep_data(date)["dailySleepDTO"]["sleepTimeSeconds"] is None
    server.now = dt.datetime.fromtimestamp(night.end + 7200, dt.UTC)
    asleep = garmin.get_sleep_data(date)["dailySleepDTO"]["sleepTimeSeconds"]
    assert asleep == accounts[0].simulation.life.body.sleep_minutes[28] * 60


def test_a_day_that_synced_late_changes_two_days_later(server, garmin, accounts) -> None:
    life = accounts[0].simulation.life
    late = min(life.wear.synced_until)
    date, end = life.clock.date(late).isoformat(), life.clock.bounds(late)[1]
    server.now = dt.datetime.fromtimestamp(end + 12 * 3600, dt.UTC)
    before = garmin.get_heart_rates(date)["heartRateValues"]
    server.now = dt.datetime.fromtimestamp(end + 48 * 3600, dt.UTC)
    assert len(garmin.get_heart_rates(date)["heartRateValues"]) > len(before)


def test_ranges_and_single_days_agree(server, garmin) -> None:
    first, last = "2026-03-02", "2026-03-28"
    for summary in garmin.get_daily_summaries(first, last)["data"]:
        alone = garmin.client.connectapi(
            f"/usersummary-service/usersummary/daily/{garmin.display_name}",
            params={"calendarDate": summary["calendarDate"]},
        )
        assert alone == summary


def test_quarters_of_an_hour_add_up_to_the_day(server, garmin) -> None:
    steps = {
        element["calendarDate"]: element["totalSteps"]
        for element in garmin.get_daily_steps("2026-03-02", "2026-03-28")
    }
    counted = {
        day: sum(interval["steps"] for interval in garmin.get_steps_data(day))
        for day, count in steps.items()
        if count
    }
    assert counted == {day: count for day, count in steps.items() if count}
    assert len(counted) > 20


def test_activities_come_in_pages_and_each_has_its_details(server, garmin) -> None:
    listed = garmin.get_activities_by_date("2026-02-20", "2026-03-31")
    assert len(listed) > 20
    assert listed == sorted(listed, key=lambda activity: activity["startTimeGMT"], reverse=True)
    number = listed[0]["activityId"]
    detail = garmin.get_activity(number)
    assert detail["summaryDTO"]["duration"] == listed[0]["duration"]
    laps = garmin.get_activity_splits(number)["lapDTOs"]
    assert sum(lap["distance"] for lap in laps) == pytest.approx(listed[0]["distance"], abs=0.1)
    with pytest.raises(Exception, match="404"):
        garmin.get_activity(999)


@pytest.mark.parametrize(
    "method",
    [
        "get_training_status",
        "get_respiration_data",
        "get_spo2_data",
        "get_floors",
        "get_intensity_minutes_data",
        "get_endurance_score",
    ],
)
def test_every_kind_of_a_worn_day_has_an_answer(server, garmin, method) -> None:
    assert getattr(garmin, method)(DAY)


def test_training_drains_the_battery_in_an_event_of_its_own(server, garmin) -> None:
    listed = garmin.get_activities_by_date("2026-03-01", "2026-03-31")
    day = listed[0]["startTimeLocal"][:10]
    events = garmin.get_body_battery_events(day)
    assert [event["activityType"] for event in events if event["event"]["eventType"] == "ACTIVITY"] == [
        activity["activityType"]["typeKey"]
        for activity in reversed(listed)
        if activity["startTimeLocal"].startswith(day)
    ]


def test_what_is_entered_by_hand_and_worked_out_of_sessions_has_an_answer(server, garmin) -> None:
    first, last = "2026-03-01", "2026-03-31"
    readings = garmin.get_blood_pressure(first, last)["measurementSummaries"]
    assert readings[0]["measurements"][0]["systolic"] > 90
    assert any(element["valueInML"] for element in garmin.get_daily_hydration_stats(first, last))
    days = [f"2026-03-{day:02}" for day in range(1, 31)]
    assert any(garmin.get_nutrition_daily_food_log(day)["mealDetails"] for day in days)
    assert {len(garmin.get_lifestyle_logging_data(day)["dailyLogsReport"]) for day in days} == {5}
    threshold = garmin.get_lactate_threshold()
    assert threshold["speed_and_heart_rate"]["heartRate"] > 150
    assert threshold["power"]["functionalThresholdPower"] > 200
    assert garmin.get_cycling_ftp()["functionalThresholdPower"] > 200
    assert {zones["sport"] for zones in garmin.get_power_zones()} == {"RUNNING", "CYCLING"}
    assert garmin.get_fitnessage_data(DAY)["chronologicalAge"] == 37
    napped = [day for day in days if garmin.get_naps(day)]
    assert napped
    assert garmin.get_sleep_data(napped[0])["dailySleepDTO"]["dailyNapDTOS"] == garmin.get_naps(napped[0])


def test_a_fault_of_the_command_line_is_read_and_another_refused() -> None:
    assert parse_fault("429@/hrv-service*3+10") == Fault("429", "/hrv-service", 3, 10, retry_after=2)
    assert parse_fault("cut") == Fault("cut")
    with pytest.raises(ValueError, match="is not a fault"):
        parse_fault("flood")


def test_the_original_of_an_activity_is_a_fit_file_in_a_zip_that_tells_what_the_list_tells(
    server, garmin
) -> None:
    import io
    import zipfile

    import fitfast

    from santorio.ingest.formats.fit.decoder import decode

    for activity in garmin.get_activities_by_date("2026-03-10", "2026-03-31"):
        packed = garmin.download_activity(activity["activityId"], garmin.ActivityDownloadFormat.ORIGINAL)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            (name,) = archive.namelist()
            content = archive.read(name)
        decoded = decode(content)
        session = decoded.first("session")
        start = dt.datetime.fromisoformat(activity["startTimeGMT"]).replace(tzinfo=dt.UTC)
        assert (decoded.damage, session["start_time"]) == (None, start.timestamp())
        assert session["total_distance"] == pytest.approx(activity["distance"], abs=0.01)
        beats = [record["heart_rate"] for record in fitfast.parse(content)["record"]]
        assert max(beats) == activity["maxHR"]
        assert sum(beats) / len(beats) == pytest.approx(activity["averageHR"], abs=2)


def test_series_of_days_and_weeks_tell_what_the_days_tell(garmin) -> None:
    first, last = "2026-03-01", "2026-03-28"
    summaries = {
        summary["calendarDate"]: summary for summary in garmin.get_daily_summaries(first, last)["data"]
    }
    [resting] = garmin.get_rhr_day(DAY)["allMetrics"]["metricsMap"]["WELLNESS_RESTING_HEART_RATE"]
    assert resting == {"value": float(summaries[DAY]["restingHeartRate"]), "calendarDate": DAY}
    weeks = garmin.get_weekly_steps(last, 4)
    assert sum(week["values"]["totalSteps"] for week in weeks) == sum(
        summary["totalSteps"] or 0 for summary in summaries.values()
    )
    assert [week["calendarDate"] for week in garmin.get_weekly_stress(last, 4)] == [
        week["calendarDate"] for week in weeks
    ]
    efforts = garmin.get_weekly_intensity_minutes("2026-03-02", "2026-03-08")
    assert [effort["calendarDate"] for effort in efforts] == ["2026-03-02"]


def test_the_original_file_of_a_run_has_a_pace_that_varies_and_the_whole_distance(garmin) -> None:
    import garmin_fit_sdk

    run = next(
        activity
        for activity in garmin.get_activities(0, 20)
        if activity["activityType"]["typeKey"] in {"running", "cycling"}
    )
    packed = garmin.download_activity(run["activityId"], dl_fmt=garmin.ActivityDownloadFormat.ORIGINAL)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        stream = garmin_fit_sdk.Stream.from_byte_array(archive.read(archive.namelist()[0]))
    messages, errors = garmin_fit_sdk.Decoder(stream).read()
    assert errors == []
    records = messages["record_mesgs"]
    speeds = [record["enhanced_speed"] for record in records]
    assert max(speeds) > 1.05 * run["averageSpeed"] > run["averageSpeed"] > min(speeds) / 0.95
    assert statistics.fmean(speeds) == pytest.approx(run["averageSpeed"], rel=0.001)
    assert records[-1]["distance"] == pytest.approx(run["distance"], abs=0.01)
    distances = [record["distance"] for record in records]
    assert distances == sorted(distances)
