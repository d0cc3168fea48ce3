"""Whatever Garmin's server does ends in a state that says so, and the next sync makes good for it."""

import datetime as dt
import logging
import time

import pytest

from santorio.people import ensure_person
from santorio.sources.simulator.server import Account, Fault
from santorio.sources.simulator.simulation import simulate

SINCE = dt.date(2026, 3, 15)
SLEEP = "/wellness-service/wellness/dailySleepData"


@pytest.mark.parametrize("kind", ["cut", "slow", "401", "403"])
def test_a_fault_that_passes_costs_nothing(my_home, undisturbed, kind) -> None:
    my_home.server.faults.add(Fault(kind=kind, path=SLEEP, times=1, seconds=0.2))
    my_home.sync(since=SINCE)
    [report] = my_home.sync()
    assert (report.ending, report.days_failed) == ("done", 0)
    assert my_home.content() == undisturbed


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("500", "http_500"),
        ("html", "not_json"),
        ("schema", "changed_schema"),
    ],
)
def test_a_fault_that_lasts_is_a_failed_row_with_a_code_and_every_other_kind_is_whole(
    my_home, undisturbed, kind, code
) -> None:
    my_home.server.faults.add(Fault(kind=kind, path=SLEEP, times=None))
    [report] = my_home.sync(since=SINCE)
    assert report.ending == "done"
    assert set(report.failures) == {code}
    rows = my_home.rows("select kind, last_error from ops.coverage where status = 'failed'")
    assert rows == [("sleep", code)] * 3  # after three in a row the rest waits
    assert report.calls_left == 6
    assert [row for row in undisturbed if row[0] != "garmin.sleep"] == my_home.content()
    my_home.recover()
    [report] = my_home.sync()
    assert (report.ending, report.days_failed, report.calls_left) == ("done", 0, 0)
    assert my_home.content() == undisturbed


def test_an_answer_of_another_shape_is_kept_and_named(my_home) -> None:
    my_home.server.faults.add(Fault(kind="schema", path=SLEEP))
    my_home.sync(since=dt.date(2026, 3, 20), kinds=("sleep",))
    [(code, name, sha256)] = my_home.rows("select code, source_name, object_sha256 from ops.rejected")
    assert (code, name) == ("changed_schema", "Garmin sleep of 2026-03-20")
    assert b"dailySleepDTOV2" in my_home.store.get(sha256)


def test_when_garmin_is_down_the_sync_stops_after_a_few_calls(my_home, undisturbed) -> None:
    my_home.server.faults.add(Fault(kind="503", path="/", times=None))
    [report] = my_home.sync(since=SINCE)
    assert report.ending == "unavailable"
    assert report.calls == 5
    assert "http_503" in report.message
    my_home.recover()
    [report] = my_home.sync()
    assert report.ending == "done"
    assert my_home.content() == undisturbed


def test_a_429_is_waited_for_as_long_as_garmin_asks_and_no_request_leaves_meanwhile(
    my_home, undisturbed
) -> None:
    my_home.server.faults.add(Fault(kind="429", path=SLEEP, retry_after=1))
    started = time.monotonic()
    [report] = my_home.sync(since=SINCE)
    assert time.monotonic() - started >= 1
    assert report.ending == "done"
    assert [status for _, _, status in my_home.server.requests].count(429) == 1
    assert my_home.content() == undisturbed


def test_429s_in_a_row_stop_the_sync_for_everyone_over_restarts_after_a_handful_of_requests(
    my_home, undisturbed
) -> None:
    my_home.server.faults.add(Fault(kind="429", path="/", times=None))
    [report] = my_home.sync(since=SINCE)
    assert report.ending == "rate_limited"
    assert len(my_home.server.requests) <= 6
    [report] = my_home.sync()
    assert report.ending == "rate_limited"
    assert my_home.server.requests == []
    my_home.recover()
    with my_home.database.connect() as connection:
        connection.execute("update ops.garmin_breaker set shut_until = now()")
    [report] = my_home.sync()
    assert report.ending == "done"
    assert my_home.content() == undisturbed


def test_one_persons_ended_login_never_stops_another_and_costs_no_further_request(
    empty_home, person, undisturbed
) -> None:
    other = Account(
        "other@example.org", "battery", simulate(days=10, seed=2, last_day=dt.date(2026, 3, 20), profile=4711)
    )
    empty_home.server.accounts[other.email] = other
    with empty_home.database.connect() as connection:
        somebody = ensure_person(connection, "other", "Europe/Berlin")
    empty_home.connect(somebody, other)
    empty_home.connect(person)
    empty_home.server.tokens.revoke(other)
    broken, whole = empty_home.sync(since=SINCE)
    assert (broken.ending, whole.ending) == ("needs_login", "done")
    assert "santorio connect garmin" in broken.message
    assert empty_home.content() == undisturbed
    broken, _ = empty_home.sync(kinds=("device",))
    assert broken.ending == "needs_login"
    assert broken.requests == 0


def test_no_health_value_no_name_and_no_secret_is_logged(my_home, caplog) -> None:
    caplog.set_level(logging.INFO)
    for kind in ("500", "schema", "html", "cut"):
        my_home.server.faults.add(Fault(kind=kind, path=SLEEP, times=5))
    [report] = my_home.sync(since=SINCE)
    said = caplog.text + repr(report)
    for secret in (my_home.account.display_name, my_home.account.email, "Bearer", "dailySleepDTO"):
        assert secret not in said
