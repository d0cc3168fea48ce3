"""All calls of a person share one bucket, all people one breaker; both live in the database."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from garminconnect import (
    GarminConnectConnectionError,
    GarminConnectNotFoundError,
    GarminConnectTooManyRequestsError,
)
from hypothesis import given
from hypothesis import strategies as st

from santorio.ingest.garmin import circuit_breaker
from santorio.ingest.garmin.throttle import (
    RequestPolicy,
    acquire_token,
    classify_failure,
    error_code,
    retry_after,
)
from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database


def failure(kind: type[Exception], status: int | None = None, **headers: str) -> Exception:
    """An error as the library raises it: the answer hangs on what it was raised from."""
    cause = GarminConnectConnectionError("API Error")
    cause.response = SimpleNamespace(
        status_code=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    error = kind("wrapped")
    error.__cause__ = cause if status else None
    return error


def test_a_burst_goes_out_at_once_and_the_rest_waits_in_line(database: Database, person: Person) -> None:
    policy = RequestPolicy(per_second=0.001, burst=3)
    with database.connect(autocommit=True) as connection:
        waits = [acquire_token(connection, person.user_id, policy) for _ in range(5)]
    assert waits[:3] == [0, 0, 0]
    assert [round(wait, -1) for wait in waits[3:]] == [1000, 2000]


def test_processes_that_share_a_bucket_get_no_token_twice(database: Database, person: Person) -> None:
    policy = RequestPolicy(per_second=0.001, burst=10)

    def take_four(_: int) -> list[float]:
        with database.connect(autocommit=True) as connection:
            return [acquire_token(connection, person.user_id, policy) for _ in range(4)]

    with ThreadPoolExecutor(5) as pool:
        waits = [wait for part in pool.map(take_four, range(5)) for wait in part]
    assert sum(wait == 0 for wait in waits) == 10
    assert len({round(wait, -2) for wait in waits if wait}) == 10


def test_people_have_buckets_of_their_own(database: Database, person: Person) -> None:
    with database.connect(autocommit=True) as connection:
        other = ensure_person(connection, "other", "UTC")
        policy = RequestPolicy(per_second=0.001, burst=1)
        assert [
            acquire_token(connection, person.user_id, policy),
            acquire_token(connection, other.user_id, policy),
        ] == [0, 0]
        assert acquire_token(connection, person.user_id, policy) > 900


@given(trips=st.integers(1, 50), asked=st.none() | st.integers(0, 20_000))
def test_a_pause_is_never_shorter_than_garmin_asked_grows_with_refusals_and_is_bounded(trips, asked) -> None:
    stated = None if asked is None else dt.timedelta(seconds=asked)
    pause = circuit_breaker.pause_after(trips, stated)
    assert circuit_breaker.pause_after(trips + 1, stated) >= pause
    assert pause <= circuit_breaker.MAX_PAUSE
    if stated is not None:
        assert pause >= stated
    else:
        assert pause >= circuit_breaker.FIRST_PAUSE


def test_a_refusal_silences_everyone_over_restarts_until_one_request_is_answered(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        assert circuit_breaker.wait_seconds(connection) == 0
        circuit_breaker.open_circuit(connection, dt.timedelta(hours=1))
    with database.connect(autocommit=True) as connection:  # another process, later
        assert 3590 < circuit_breaker.wait_seconds(connection) <= 3600
        connection.execute("update ops.garmin_breaker set open_until = now() - interval '1 second'")
        assert circuit_breaker.wait_seconds(connection) == 0  # one goes out to try
        assert circuit_breaker.wait_seconds(connection) > 0  # the others wait for what becomes of it
        circuit_breaker.record_success(connection)
        assert [circuit_breaker.wait_seconds(connection) for _ in range(3)] == [0, 0, 0]


def test_refusals_of_calls_under_way_count_as_one_and_a_refused_trial_doubles_the_pause(
    database: Database,
) -> None:
    with database.connect(autocommit=True) as connection:
        first = circuit_breaker.open_circuit(connection, None)
        assert circuit_breaker.open_circuit(connection, None) == first
        connection.execute("update ops.garmin_breaker set open_until = now() - interval '1 second'")
        assert circuit_breaker.wait_seconds(connection) == 0
        circuit_breaker.open_circuit(connection, None)
        assert 110 < circuit_breaker.wait_seconds(connection) <= 120


@pytest.mark.parametrize(
    ("error", "means", "code"),
    [
        (failure(GarminConnectTooManyRequestsError, 429), "rate_limited", "http_429"),
        (failure(GarminConnectConnectionError, 429), "rate_limited", "http_429"),
        (failure(GarminConnectNotFoundError, 404), "not_found", "http_404"),
        (failure(GarminConnectConnectionError, 503), "transient", "http_503"),
        (failure(GarminConnectConnectionError, 400), "client_error", "http_400"),
        (failure(GarminConnectConnectionError), "transient", "no_answer"),
        (KeyError("calendarDate"), None, "no_answer"),
    ],
)
def test_an_error_of_the_library_is_told_by_its_status(error, means, code) -> None:
    assert classify_failure(error) == means
    assert error_code(error) == code


def test_retry_after_is_found_behind_the_error_in_seconds_or_as_a_date() -> None:
    assert retry_after(failure(GarminConnectTooManyRequestsError, 429, Retry_After="90")) == dt.timedelta(
        seconds=90
    )
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)
    stated = retry_after(
        failure(GarminConnectTooManyRequestsError, 429, Retry_After=f"{later:%a, %d %b %Y %H:%M:%S} GMT")
    )
    assert stated is not None
    assert 290 < stated.total_seconds() <= 300
    assert retry_after(failure(GarminConnectTooManyRequestsError, 429, Retry_After="soon")) is None
    assert retry_after(failure(GarminConnectTooManyRequestsError, 429)) is None
