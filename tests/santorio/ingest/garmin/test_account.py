"""A session keeps the login: rotated tokens are never lost, and what Garmin refuses is not requested again."""

import json
import logging
import signal
import subprocess
import sys
import time
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from garminconnect import GarminConnectAuthenticationError, GarminConnectConnectionError
from pydantic import SecretStr

from santorio.errors import GarminAuthError, GarminRateLimited, GarminUnavailable
from santorio.ingest.garmin.account import TOKENS, Reason, Region, State, account_of, session
from santorio.ingest.garmin.login import LoginContext, disconnect, log_in, use_token
from santorio.people import Person
from santorio.privacy.encryption import MasterKeyMissing
from santorio.settings import Settings
from santorio.storage.database.engine import Database

EMAIL = "me@example.org"
RENEWAL, PROFILE, DAY = "/di-oauth2-service", "/userprofile-service/socialProfile", "/wellness-service/day"


@pytest.fixture
def context(database: Database, settings: Settings, person: Person, garmin) -> LoginContext:
    """A connected account; the requests of the connection are not counted."""
    opened = LoginContext(database, settings, person, Region.GLOBAL)
    use_token(opened, SecretStr(garmin.token()))
    garmin.requests.clear()
    return opened


@pytest.fixture
def expiring(context: LoginContext, garmin) -> LoginContext:
    """Connected, with an access token that has to be renewed."""
    use_token(context, SecretStr(garmin.token(lifetime_s=1000)))
    store_token(context, garmin.token(lifetime_s=60))
    garmin.requests.clear()
    return context


def account(context: LoginContext):
    with context.database.connect() as connection:
        return account_of(connection, context.person)


def store_token(context: LoginContext, token: str) -> None:
    """Replace the account's token by one that has aged."""
    encrypted = (
        account(context).data_key(context.settings).encrypt(TOKENS, json.dumps([token, "name-4711"]).encode())
    )
    with context.database.connect() as connection:
        connection.execute("update ops.garmin_accounts set encrypted_tokens = %s", [encrypted])


def stored(context: LoginContext) -> dict[str, str]:
    row = account(context)
    return json.loads(json.loads(row.data_key(context.settings).decrypt(TOKENS, row.encrypted_tokens))[0])


def opened(context: LoginContext):
    return session(context.database, context.settings, context.person)


def test_opening_a_session_asks_garmin_for_nothing(context: LoginContext, garmin) -> None:
    with opened(context) as client:
        assert client.display_name == "name-4711"
    assert garmin.requests == []


def test_a_token_that_expires_soon_is_renewed_before_the_first_request(
    expiring: LoginContext, garmin
) -> None:
    with opened(expiring) as client:
        assert client.connectapi(DAY) == {"asked": DAY}
    assert [path for _, path, _ in garmin.requests] == ["/di-oauth2-service/oauth/token", DAY]
    assert stored(expiring)["di_refresh_token"] in garmin.refresh
    assert stored(expiring)["di_token"] in garmin.access


def test_rotated_tokens_are_stored_before_the_work_goes_on(context: LoginContext, garmin) -> None:
    with opened(context) as client:
        garmin.access.clear()
        client.connectapi(DAY)
        assert stored(context)["di_refresh_token"] in garmin.refresh
        assert account(context).rotated_at is not None


def test_rotated_tokens_are_kept_when_the_work_fails(expiring: LoginContext, garmin) -> None:
    with pytest.raises(ZeroDivisionError), opened(expiring):
        1 / 0  # noqa: B018
    assert list(garmin.refresh)[-1] == stored(expiring)["di_refresh_token"]
    with opened(expiring) as client:
        assert client.connectapi(DAY) == {"asked": DAY}


FULL_DISK = """
create function full_disk() returns trigger language plpgsql as $$
  begin raise exception using errcode = 'disk_full'; end $$;
create trigger full_disk before update on ops.garmin_accounts execute function full_disk();
"""


def test_rotated_tokens_that_could_not_be_stored_at_once_are_stored_at_the_end(
    context: LoginContext, garmin
) -> None:
    with opened(context) as client:
        garmin.access.clear()
        with context.database.connect() as connection:
            connection.execute(FULL_DISK)
        with pytest.raises(GarminConnectConnectionError):
            client.connectapi(DAY)
        with context.database.connect() as connection:
            connection.execute("drop trigger full_disk on ops.garmin_accounts")
        assert stored(context)["di_refresh_token"] not in garmin.refresh
    assert stored(context)["di_refresh_token"] in garmin.refresh


WORKER = """
import os, sys, uuid, signal
from pathlib import Path
from santorio.storage.database.engine import Database
from santorio.people import Person
from santorio.settings import Settings
from santorio.ingest.garmin.account import session
url, home, garmin_url, user_id, end = sys.argv[1:]
database, settings = Database(url, url), Settings(home=Path(home), garmin_url=garmin_url)
print("ready", flush=True)
sys.stdin.readline()
with session(database, settings, Person(uuid.UUID(user_id), "me", "UTC")) as garmin:
    print(garmin.connectapi("/wellness-service/day"), flush=True)
    if end == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def worker(context: LoginContext, end: str = "") -> subprocess.Popen[str]:
    given = [
        context.database.url,
        str(context.settings.home),
        str(context.settings.garmin_url),
        str(context.person.user_id),
        end,
    ]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *given], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_processes_at_once_rotate_once_and_all_go_on_with_what_one_of_them_got(
    expiring: LoginContext, garmin
) -> None:
    workers = [worker(expiring) for _ in range(3)]
    for process in workers:
        assert process.stdout.readline() == "ready\n"
    for process in workers:
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in workers]
    assert outputs == ["{'asked': '/wellness-service/day'}\n"] * 3
    assert [process.returncode for process in workers] == [0, 0, 0]
    assert garmin.count(RENEWAL) == 1
    assert stored(expiring)["di_refresh_token"] in garmin.refresh


def test_a_process_killed_in_its_work_leaves_a_login_that_works(expiring: LoginContext, garmin) -> None:
    killed = worker(expiring, "killed")
    killed.communicate("\n", timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert garmin.count(RENEWAL) == 1
    with opened(expiring) as client:
        assert client.connectapi(DAY) == {"asked": DAY}
    assert garmin.count(RENEWAL) == 1


def test_sessions_in_threads_whose_token_dies_at_once_lose_none(context: LoginContext, garmin) -> None:
    together = Barrier(4)

    def work(_: int) -> object:
        with opened(context) as client:
            together.wait()
            return client.connectapi(DAY)

    garmin.access.clear()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [{"asked": DAY}] * 4
    assert garmin.count(RENEWAL) == 1


def test_an_older_session_takes_the_tokens_that_a_newer_one_stored(context: LoginContext, garmin) -> None:
    with opened(context) as older:
        garmin.access.clear()
        with opened(context) as newer:
            newer.connectapi(DAY)
        older.connectapi(DAY)
        assert older.client.di_refresh_token == newer.client.di_refresh_token
    assert garmin.count(RENEWAL) == 1


def test_tokens_that_another_stored_long_ago_are_renewed_in_their_turn(context: LoginContext, garmin) -> None:
    with opened(context) as older:
        garmin.access.clear()
        store_token(context, garmin.token(lifetime_s=-3600))
        assert older.connectapi(DAY) == {"asked": DAY}
    assert garmin.count(RENEWAL) == 1
    assert stored(context)["di_refresh_token"] in garmin.refresh


def test_tokens_that_another_stored_and_garmin_dropped_are_renewed_before_anything_stops(
    context: LoginContext, garmin
) -> None:
    def work() -> None:
        with opened(context) as older:
            store_token(context, garmin.token())
            garmin.access.clear()
            older.connectapi(DAY)

    with pytest.raises(GarminUnavailable):
        work()
    assert account(context).state is State.CONNECTED
    with opened(context) as client:
        assert client.connectapi(DAY) == {"asked": DAY}


def test_a_revoked_login_is_asked_once_and_then_never_again(context: LoginContext, garmin) -> None:
    garmin.revoke()
    with (
        pytest.raises(GarminAuthError, match=r"no longer accepts.*Type `santorio connect garmin"),
        opened(context) as client,
    ):
        client.connectapi(DAY)
    assert (account(context).state, account(context).reason) == (State.NEEDS_LOGIN, Reason.REVOKED)
    assert garmin.count(RENEWAL) == 1
    garmin.requests.clear()
    for _ in range(3):
        with pytest.raises(GarminAuthError, match="no longer accepts"), opened(context):
            pytest.fail("no session opens")
    assert garmin.requests == []


def test_a_login_that_is_revoked_just_after_a_renewal_is_refused_as_well(
    context: LoginContext, garmin
) -> None:
    def work() -> None:
        with opened(context) as client:
            # Within a minute of a renewal a 401 does not lead to another: the profile's request does.
            client.client.renewed_at = time.monotonic()
            garmin.revoke()
            client.connectapi(DAY)

    with pytest.raises(GarminAuthError, match="no longer accepts"):
        work()
    assert (account(context).state, account(context).reason) == (State.NEEDS_LOGIN, Reason.REVOKED)
    assert garmin.count(RENEWAL) == 1


def test_work_that_catches_the_refusal_makes_no_further_request(context: LoginContext, garmin) -> None:
    garmin.revoke()
    with opened(context) as client:
        for _ in range(5):
            with pytest.raises(GarminConnectAuthenticationError):
                client.connectapi(DAY)
    assert [(path, status) for _, path, status in garmin.requests] == [
        (DAY, 401),
        ("/di-oauth2-service/oauth/token", 400),
    ]
    assert account(context).state is State.NEEDS_LOGIN


@pytest.mark.parametrize(
    ("status", "error"), [(429, GarminRateLimited), (503, GarminUnavailable), (403, GarminUnavailable)]
)
def test_a_renewal_that_fails_for_now_does_not_stop_the_account(
    expiring: LoginContext, garmin, status: int, error
) -> None:
    garmin.broken = {RENEWAL: status}
    with pytest.raises(error), opened(expiring):
        pytest.fail("no session opens")
    assert account(expiring).state is State.CONNECTED
    garmin.broken = {}
    with opened(expiring) as client:
        assert client.connectapi(DAY) == {"asked": DAY}


def test_a_token_service_out_of_reach_does_not_stop_the_account(expiring: LoginContext) -> None:
    nowhere = expiring.settings.model_copy(update={"garmin_url": "http://127.0.0.1:9"})
    with pytest.raises(GarminUnavailable), session(expiring.database, nowhere, expiring.person):
        pytest.fail("no session opens")
    assert account(expiring).state is State.CONNECTED


@pytest.mark.parametrize(
    ("status", "error"), [(429, GarminRateLimited), (403, GarminUnavailable), (404, GarminUnavailable)]
)
def test_a_request_that_fails_does_not_stop_the_account(
    context: LoginContext, garmin, status: int, error
) -> None:
    garmin.broken = {DAY: status}
    with pytest.raises(error), opened(context) as client:
        client.connectapi(DAY)
    assert account(context).state is State.CONNECTED


def test_one_address_that_is_refused_neither_stops_the_account_nor_rotates_again_and_again(
    context: LoginContext, garmin
) -> None:
    garmin.broken = {DAY: 401}
    with opened(context) as client:
        for _ in range(5):
            with pytest.raises(GarminConnectAuthenticationError):
                client.connectapi(DAY)
    assert garmin.count(RENEWAL) == 1
    with pytest.raises(GarminUnavailable, match="refused one request"), opened(context) as client:
        client.connectapi(DAY)
    assert account(context).state is State.CONNECTED


def test_tokens_that_no_address_accepts_stop_the_account(context: LoginContext, garmin) -> None:
    garmin.broken = {DAY: 401, PROFILE: 401}
    with pytest.raises(GarminAuthError, match="no longer accepts"), opened(context) as client:
        client.connectapi(DAY)
    assert account(context).state is State.NEEDS_LOGIN


def test_an_old_session_does_not_stop_an_account_that_was_connected_anew(
    context: LoginContext, garmin
) -> None:
    def work() -> None:
        with opened(context) as client:
            garmin.revoke()
            use_token(context, SecretStr(garmin.token()))
            client.client.renewed_at = time.monotonic()
            client.connectapi(DAY)

    with pytest.raises(GarminUnavailable, match="refused one request"):
        work()
    assert account(context).state is State.CONNECTED
    assert garmin.count(RENEWAL) == 0


def test_who_disconnects_ends_the_sessions_at_their_next_renewal(context: LoginContext, garmin) -> None:
    def work() -> None:
        with opened(context) as client:
            disconnect(context.database, context.person)
            garmin.access.clear()
            client.connectapi(DAY)

    with pytest.raises(GarminAuthError, match="not connected"):
        work()
    assert account(context).encrypted_tokens is None
    assert garmin.count(RENEWAL) == 0


def test_people_are_apart(context: LoginContext, garmin) -> None:
    from santorio.people import ensure_person

    with context.database.connect() as connection:
        you = LoginContext(
            context.database, context.settings, ensure_person(connection, "you", "UTC"), Region.GLOBAL
        )
    another = garmin.add("other@example.org", profile_id=4712)
    use_token(you, SecretStr(garmin.token(another)))
    garmin.revoke()
    with pytest.raises(GarminAuthError), opened(context) as client:
        client.connectapi(DAY)
    assert (account(context).state, account(you).state) == (State.NEEDS_LOGIN, State.CONNECTED)
    # The tokens of one person do not decrypt in the row of another.
    with context.database.connect() as connection:
        connection.execute(
            "update ops.garmin_accounts mine set encrypted_tokens = yours.encrypted_tokens,"
            " wrapped_key = yours.wrapped_key, state = 'connected' from ops.garmin_accounts yours"
            " where mine.user_id = %s and yours.user_id = %s",
            [context.person.user_id, you.person.user_id],
        )
    with pytest.raises(Exception, match="damaged, or was copied"), opened(context):
        pytest.fail("no session opens")


def test_a_wrong_master_key_is_said_before_garmin_is_asked(context: LoginContext, garmin) -> None:
    context.settings.master_key_path.write_text("w" * 40)
    with pytest.raises(MasterKeyMissing, match="encrypted with the master key"), opened(context):
        pytest.fail("no session opens")
    assert garmin.requests == []
    assert account(context).state is State.CONNECTED


def test_no_secret_shows_in_logs_errors_or_representations(
    expiring: LoginContext, garmin, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in (None, "garminconnect", "urllib3", "curl_cffi", "psycopg"):
        caplog.set_level(logging.DEBUG, logger=name)
    texts = [repr(account(expiring))]
    with opened(expiring) as client:
        client.connectapi(DAY)
        texts += [repr(client), repr(client.client)]
    garmin.revoke()
    wrong = uuid.uuid4().hex
    garmin.secrets |= {wrong, expiring.settings.master_key_path.read_text()}
    right = garmin.accounts[0].password
    for broken, attempt in (
        ({}, lambda: with_session(expiring)),
        ({}, lambda: log_in(expiring, EMAIL, SecretStr(wrong))),
        ({RENEWAL: 503}, lambda: log_in(expiring, EMAIL, SecretStr(right))),
        ({"/mobile": 429, "/sso": 503, "/portal": 403}, lambda: log_in(expiring, EMAIL, SecretStr(right))),
        ({"/": 500}, lambda: log_in(expiring, EMAIL, SecretStr(right))),
    ):
        garmin.broken = broken
        with expiring.database.connect() as connection:
            connection.execute("update ops.garmin_accounts set not_before = null")
        with pytest.raises((GarminAuthError, GarminUnavailable, GarminRateLimited)) as caught:
            attempt()
        texts += ["".join(traceback.format_exception(caught.value)), repr(caught.value.details)]
    logged = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    everything = "\n".join([*texts, logged, *capfd.readouterr()])
    assert "urllib3" in {record.name.split(".")[0] for record in caplog.records}
    assert len(garmin.secrets) > 8
    for secret in garmin.secrets:
        assert secret not in everything


def with_session(context: LoginContext) -> None:
    with opened(context) as client:
        client.connectapi(DAY)
