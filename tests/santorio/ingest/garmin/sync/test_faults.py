"""Whatever Garmin's server does ends in a state that says so, and the next sync makes good for it."""

import datetime as dt
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from santorio.errors import GarminAuthError
from santorio.ingest.garmin.account import Region, State, account_of
from santorio.ingest.garmin.login import LoginContext, enter_code, log_in, use_token
from santorio.people import ensure_person
from santorio.simulator.files import simulate
from santorio.simulator.server import Account, Fault

FEW = ("daily_summary", "steps", "sleep", "heart_rate")
SINCE = dt.date(2026, 3, 15)
SLEEP = "/wellness-service/wellness/dailySleepData"
STEPS = "/usersummary-service/stats/steps"
TOKENS = "/di-oauth2-service"


def revoke(home) -> None:
    home.server.tokens.revoke(home.account)


def expire(home) -> None:
    home.server.tokens.expire(home.account)


def expire_while_tokens_are_limited(home) -> None:
    expire(home)
    home.server.faults.add(Fault("429", path=TOKENS, times=None))


def expire_while_tokens_are_down(home) -> None:
    expire(home)
    home.server.faults.add(Fault("503", path=TOKENS, times=None))


def expire_after_another_program_renewed(home) -> None:
    """The refresh token is good once: another program was given the same, and was first."""
    expire(home)
    home.server.tokens._refresh.clear()


def log_in_anew(home) -> None:
    use_token(context(home), SecretStr(home.server.token(home.account)))


def context(home) -> LoginContext:
    return LoginContext(home.database, home.settings, home.people[0], Region.GLOBAL)


@dataclass(frozen=True)
class Case:
    """What Garmin does; how the sync then ends, what the ledger says why, how many rows failed.

    `mends` is what a person does before the next sync; the server is well again by itself.
    """

    does: Fault | Callable
    status: str = "done"
    failures: frozenset[str] = frozenset()
    failed_rows: int = 0
    mends: Callable = lambda _home: None


def lasting(kind: str, path: str = SLEEP) -> Fault:
    return Fault(kind, path=path, times=None, seconds=0.2)


# After three failures of a kind in a row the rest of it waits: three of six nights fail.
CASES = {
    "429 with Retry-After": Case(Fault("429", path=SLEEP, retry_after=1)),
    "429 without Retry-After": Case(Fault("429", path=SLEEP)),
    "429 again and again": Case(lasting("429", "/"), "rate_limited"),
    "429 again and again, for an hour": Case(Fault("429", retry_after=3600, times=None), "rate_limited"),
    "429 of the token service": Case(expire_while_tokens_are_limited, "rate_limited"),
    "500 in passing": Case(Fault("500", path=SLEEP, times=2)),
    "500 of one kind": Case(lasting("500"), failures=frozenset({"http_500"}), failed_rows=3),
    "503 of everything": Case(lasting("503", "/"), "unavailable", frozenset({"http_503"}), 15),
    "503 of the token service": Case(
        expire_while_tokens_are_down, "unavailable", frozenset({"no_answer"}), 15
    ),
    "slow": Case(lasting("slow")),
    "cut in passing": Case(Fault("cut", path=SLEEP)),
    "cut always": Case(lasting("cut"), failures=frozenset({"no_answer"}), failed_rows=3),
    "204": Case(lasting("204")),
    "404": Case(lasting("404")),
    "HTML in passing": Case(Fault("html", path=SLEEP)),
    "HTML always": Case(lasting("html"), failures=frozenset({"not_json"}), failed_rows=3),
    "403 in passing": Case(Fault("403", path=SLEEP), failures=frozenset({"http_403"}), failed_rows=1),
    "403 always": Case(lasting("403"), failures=frozenset({"http_403"}), failed_rows=3),
    "401 of one address": Case(lasting("401"), failures=frozenset({"http_401"}), failed_rows=3),
    "changed schema of a day": Case(lasting("schema"), failures=frozenset({"changed_schema"}), failed_rows=3),
    "changed schema of a range": Case(
        lasting("schema", STEPS), failures=frozenset({"changed_schema"}), failed_rows=6
    ),
    "answer within another object": Case(
        lasting("wrapped"), failures=frozenset({"changed_schema"}), failed_rows=3
    ),
    "answer that is a number": Case(lasting("number"), failures=frozenset({"changed_schema"}), failed_rows=3),
    "range that is a number": Case(
        lasting("number", STEPS), failures=frozenset({"changed_schema"}), failed_rows=6
    ),
    "expired access token": Case(expire),
    "refresh token that another program used": Case(
        expire_after_another_program_renewed, "needs_login", mends=log_in_anew
    ),
    "revoked tokens": Case(revoke, "needs_login", mends=log_in_anew),
}


@pytest.mark.parametrize("name", CASES)
def test_what_garmin_does_ends_in_its_state_and_the_next_sync_makes_good_for_it(
    my_home, undisturbed, name
) -> None:
    case = CASES[name]
    if isinstance(case.does, Fault):
        my_home.server.faults.add(case.does)
    else:
        case.does(my_home)
    [report] = my_home.sync(since=SINCE, kinds=FEW)
    assert (report.status, set(report.failures)) == (case.status, case.failures)
    failed = my_home.rows("select last_error from ops.coverage where status = 'failed'")
    assert {code for (code,) in failed} == case.failures
    assert len(failed) == case.failed_rows
    # What it did not strike is whole, and of what it struck nothing is invented.
    assert set(my_home.content()) <= set(undisturbed)
    if case.failures and case.status == "done":
        kinds = {kind for (kind,) in my_home.rows("select kind from ops.coverage where status = 'failed'")}
        struck = {f"garmin.{kind}" for kind in kinds}
        assert [row for row in my_home.content() if row[0] not in struck] == [
            row for row in undisturbed if row[0] not in struck
        ]
    my_home.recover()
    case.mends(my_home)
    [report] = my_home.sync(kinds=FEW)
    assert (report.status, report.days_failed, report.calls_left) == ("done", 0, 0)
    assert my_home.content() == undisturbed


def test_a_login_with_a_second_factor_waits_for_the_code_and_then_syncs(empty_home, person) -> None:
    guarded = Account(
        "guarded@example.org", "correct-horse", empty_home.account.simulation, mfa_code="123456"
    )
    empty_home.server.accounts[guarded.email] = guarded
    empty_home.people.append(person)
    waiting = log_in(context(empty_home), guarded.email, SecretStr(guarded.password))
    assert waiting.state is State.NEEDS_CODE
    [report] = empty_home.sync(since=SINCE, kinds=("steps",))
    assert (report.status, report.requests) == ("needs_login", 0)
    with pytest.raises(GarminAuthError):
        enter_code(context(empty_home), SecretStr("000000"))
    assert enter_code(context(empty_home), SecretStr("123456")).state is State.CONNECTED
    [report] = empty_home.sync(since=SINCE, kinds=("steps",))
    assert (report.status, len(empty_home.ledger("steps"))) == ("done", 6)


def test_renewed_tokens_are_kept_for_the_next_sync(my_home) -> None:
    def encrypted() -> bytes:
        return my_home.rows("select encrypted_tokens from ops.garmin_accounts")[0][0]

    before = encrypted()
    expire(my_home)
    my_home.sync(since=SINCE, kinds=("steps",))
    renewed = encrypted()
    assert renewed != before
    [report] = my_home.sync(kinds=("steps",))
    assert report.status == "done"
    assert not [path for path in my_home.paths() if path.startswith(TOKENS)]
    with my_home.database.connect() as connection:
        assert account_of(connection, my_home.people[0]).state is State.CONNECTED


def test_an_answer_of_another_shape_is_kept_and_named(my_home) -> None:
    my_home.server.faults.add(Fault(kind="schema", path=SLEEP))
    my_home.sync(since=dt.date(2026, 3, 20), kinds=("sleep",))
    [(code, name, sha256)] = my_home.rows("select code, source_name, object_sha256 from ops.rejected_records")
    assert (code, name) == ("changed_schema", "Garmin sleep of 2026-03-20")
    assert b"dailySleepDTOV2" in my_home.store.get(sha256)


def test_when_garmin_is_down_the_sync_stops_after_a_few_calls(my_home) -> None:
    my_home.server.faults.add(Fault(kind="503", path="/", times=None))
    [report] = my_home.sync(since=SINCE)
    assert (report.status, report.calls) == ("unavailable", 5)
    assert "http_503" in report.message


def test_a_429_is_waited_for_as_long_as_garmin_asks_and_no_request_leaves_meanwhile(my_home) -> None:
    my_home.server.faults.add(Fault(kind="429", path=SLEEP, retry_after=1))
    started = time.monotonic()
    my_home.sync(since=SINCE, kinds=FEW)
    assert time.monotonic() - started >= 1
    assert [status for _, _, status in my_home.server.requests].count(429) == 1


def test_429s_in_a_row_stop_everyone_over_restarts_after_a_handful_of_requests(my_home) -> None:
    my_home.server.faults.add(Fault(kind="429", path="/", times=None))
    [report] = my_home.sync(since=SINCE)
    assert report.status == "rate_limited"
    assert len(my_home.server.requests) <= 6
    [report] = my_home.sync()
    assert report.status == "rate_limited"
    assert my_home.server.requests == []


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
    broken, complete = empty_home.sync(since=SINCE, kinds=FEW)
    assert (broken.status, complete.status) == ("needs_login", "done")
    assert "santorio connect garmin" in broken.message
    assert empty_home.content() == undisturbed
    broken, _ = empty_home.sync(kinds=("device",))
    assert broken.status == "needs_login"
    assert broken.requests == 0


def test_no_health_value_no_name_and_no_secret_is_logged(my_home, caplog) -> None:
    caplog.set_level(logging.INFO)
    for kind in ("500", "schema", "html", "cut"):
        my_home.server.faults.add(Fault(kind=kind, path=SLEEP, times=5))
    [report] = my_home.sync(since=SINCE, kinds=FEW)
    output = caplog.text + repr(report)
    tokens = json.loads(my_home.server.token(my_home.account))
    for secret in (my_home.account.display_name, my_home.account.email, "Bearer", "dailySleepDTO"):
        assert secret not in output
    assert tokens["di_client_id"] not in output
