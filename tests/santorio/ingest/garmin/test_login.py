"""A login is one attempt by a person; what became of it is a state, and its fruit is sealed."""

import datetime as dt
import json

import pytest
from pydantic import SecretStr

from santorio.errors import ConfigError, GarminAuthError, GarminRateLimited, GarminUnavailable
from santorio.ingest.garmin.account import Reason, Region, State, account_of, session
from santorio.ingest.garmin.login import AnotherAccount, Door, disconnect, enter_code, log_in, use_token
from santorio.people import Person, ensure_person
from santorio.privacy.encryption import MasterKeyMissing
from santorio.settings import Settings
from santorio.storage.database.engine import Database

EMAIL, WRONG = "me@example.org", SecretStr("not-the-password")


@pytest.fixture
def right(garmin) -> SecretStr:
    return SecretStr(garmin.accounts[0].password)


@pytest.fixture
def door(database: Database, settings: Settings, person: Person, garmin) -> Door:
    return Door(database, settings, person, Region.GLOBAL)


def account(door: Door):
    with door.database.connect() as connection:
        return account_of(connection, door.person)


def let_time_pass(door: Door, **time: float) -> None:
    with door.database.connect() as connection:
        connection.execute(
            "update ops.garmin_accounts set not_before = not_before - %s where user_id = %s",
            [dt.timedelta(**time), door.person.user_id],
        )


def asks_the_profile(door: Door) -> str:
    with session(door.database, door.settings, door.person) as client:
        return client.connectapi("/userprofile-service/socialProfile")["displayName"]


def test_a_person_who_never_connected_is_not_connected(door: Door) -> None:
    assert account(door).state is State.DISCONNECTED
    assert "connect garmin --person me" in account(door).what_to_do


def test_the_right_password_connects_and_a_session_works(door: Door, right: SecretStr) -> None:
    connected = log_in(door, EMAIL, right)
    assert (connected.state, connected.reason, connected.account_id) == (State.CONNECTED, None, "4711")
    assert asks_the_profile(door) == "name-4711"


def test_a_wrong_password_is_tried_once_and_stops_there(door: Door, garmin, right: SecretStr) -> None:
    with pytest.raises(GarminAuthError, match=r"refused the email or the password\. Type `santorio connect"):
        log_in(door, EMAIL, WRONG)
    assert garmin.count("/mobile/api/login") == 1
    assert (account(door).state, account(door).reason) == (State.NEEDS_LOGIN, Reason.REFUSED)
    asked = len(garmin.requests)
    for _ in range(3):
        with (
            pytest.raises(GarminAuthError, match="refused the email"),
            session(door.database, door.settings, door.person),
        ):
            pytest.fail("no session opens")
    assert len(garmin.requests) == asked
    assert log_in(door, EMAIL, right).state is State.CONNECTED
    assert account(door).failures == 0


def test_from_the_third_failure_on_garmin_is_left_in_peace_longer_and_longer(
    door: Door, garmin, right: SecretStr
) -> None:
    for minutes in (0, 0, 15, 30, 60):
        with pytest.raises(GarminAuthError):
            log_in(door, EMAIL, WRONG)
        asked = len(garmin.requests)
        if minutes:
            with pytest.raises(GarminRateLimited, match=r"Wait until \d{4}-"):
                log_in(door, EMAIL, right)
            assert len(garmin.requests) == asked
            let_time_pass(door, minutes=minutes - 1)
            with pytest.raises(GarminRateLimited):
                log_in(door, EMAIL, right)
            let_time_pass(door, minutes=1)
    assert log_in(door, EMAIL, right).state is State.CONNECTED


def test_a_429_at_the_login_ends_it_and_the_next_one_has_to_wait(
    door: Door, garmin, right: SecretStr
) -> None:
    garmin.broken = {"/mobile": 429, "/sso": 429, "/portal": 429}
    with pytest.raises(GarminRateLimited, match=r"limits logins.*Wait until"):
        log_in(door, EMAIL, right)
    assert (account(door).state, account(door).reason) == (State.NEEDS_LOGIN, Reason.RATE_LIMITED)
    # Each way of logging in stopped before the password was sent.
    assert garmin.count("/mobile/api/login") == garmin.count("/portal/api/login") == 0
    asked, garmin.broken = len(garmin.requests), {}
    with pytest.raises(GarminRateLimited):
        log_in(door, EMAIL, right)
    assert len(garmin.requests) == asked
    let_time_pass(door, minutes=30)
    assert log_in(door, EMAIL, right).state is State.CONNECTED


def test_an_outage_at_the_login_is_no_wrong_password(door: Door, garmin, right: SecretStr) -> None:
    garmin.broken = {"/": 503}
    with pytest.raises(GarminUnavailable, match="did not answer the login"):
        log_in(door, EMAIL, right)
    assert (account(door).reason, account(door).failures) == (Reason.UNAVAILABLE, 0)
    assert garmin.count("/mobile/api/login") + garmin.count("/portal/api/login") <= 4
    garmin.broken = {}
    assert log_in(door, EMAIL, right).state is State.CONNECTED


def test_where_the_token_service_gives_no_tokens_no_ticket_travels_in_an_address(
    door: Door, garmin, right: SecretStr
) -> None:
    garmin.broken = {"/di-oauth2-service": 503}
    with pytest.raises(GarminUnavailable):
        log_in(door, EMAIL, right)
    assert not [path for method, path, _ in garmin.requests if "gcm" in path or path == "/app"]


def test_the_code_is_entered_later_by_another_process(door: Door, garmin, right: SecretStr) -> None:
    garmin.accounts[0].code = "123456"
    waiting = log_in(door, EMAIL, right)
    assert (waiting.state, waiting.awaits_code) == (State.NEEDS_CODE, True)
    assert "--code" in waiting.what_to_do
    with (
        pytest.raises(GarminAuthError, match="waits for the code"),
        session(door.database, door.settings, door.person),
    ):
        pytest.fail("no session opens")
    assert enter_code(door, SecretStr(" 123456\n")).state is State.CONNECTED
    assert not account(door).awaits_code
    assert asks_the_profile(door) == "name-4711"


def test_a_wrong_code_can_be_entered_again_twice_and_then_the_login_starts_anew(
    door: Door, garmin, right: SecretStr
) -> None:
    garmin.accounts[0].code = "123456"
    log_in(door, EMAIL, right)
    for _ in range(2):
        with pytest.raises(GarminAuthError, match=r"refused the code\. .*--code"):
            enter_code(door, SecretStr("000000"))
        assert account(door).state is State.NEEDS_CODE
    with pytest.raises(GarminAuthError, match=r"refused the code\. Wait until"):
        enter_code(door, SecretStr("000000"))
    assert (account(door).state, account(door).awaits_code) == (State.NEEDS_LOGIN, False)
    let_time_pass(door, minutes=15)
    with pytest.raises(GarminAuthError, match="No login waits"):
        enter_code(door, SecretStr("123456"))


def test_a_code_that_never_reached_garmin_is_no_wrong_code(door: Door, garmin, right: SecretStr) -> None:
    garmin.accounts[0].code = "123456"
    log_in(door, EMAIL, right)
    garmin.broken = {"/mobile/api/mfa": 429, "/portal/api/mfa": 429}
    with pytest.raises(GarminRateLimited):
        enter_code(door, SecretStr("123456"))
    assert (account(door).state, account(door).failures) == (State.NEEDS_CODE, 0)
    garmin.broken = {}
    let_time_pass(door, minutes=30)
    assert enter_code(door, SecretStr("123456")).state is State.CONNECTED


def test_a_token_from_elsewhere_connects(door: Door, garmin) -> None:
    assert use_token(door, SecretStr(garmin.token())).state is State.CONNECTED
    assert asks_the_profile(door) == "name-4711"


def test_an_expired_token_from_elsewhere_is_renewed_first(door: Door, garmin) -> None:
    assert use_token(door, SecretStr(garmin.token(lifetime_s=-60))).state is State.CONNECTED
    assert garmin.count("/di-oauth2-service") == 1


@pytest.mark.parametrize("lifetime_s", [3600, -60])
def test_a_revoked_token_connects_nothing(door: Door, garmin, lifetime_s: float) -> None:
    token = garmin.token(lifetime_s=lifetime_s)
    garmin.revoke()
    with pytest.raises(GarminAuthError, match="no longer accepts"):
        use_token(door, SecretStr(token))
    assert (account(door).state, account(door).reason) == (State.NEEDS_LOGIN, Reason.REVOKED)


@pytest.mark.parametrize("text", ["hunter2", "[]", "{}", '{"di_token": "hunter2"}', "null"])
def test_what_is_no_token_is_refused_without_asking_garmin_and_not_shown(
    door: Door, garmin, text: str
) -> None:
    with pytest.raises(GarminAuthError, match="no token of garminconnect") as caught:
        use_token(door, SecretStr(text))
    assert "hunter2" not in str(caught.value)
    assert garmin.requests == []


def test_a_failed_login_leaves_the_one_that_works(door: Door, garmin) -> None:
    use_token(door, SecretStr(garmin.token()))
    with pytest.raises(GarminAuthError, match="from before is kept"):
        log_in(door, EMAIL, WRONG)
    assert account(door).state is State.CONNECTED
    assert asks_the_profile(door) == "name-4711"


def test_a_login_that_waits_for_its_code_leaves_the_one_that_works(
    door: Door, garmin, right: SecretStr
) -> None:
    use_token(door, SecretStr(garmin.token()))
    garmin.accounts[0].code = "123456"
    assert log_in(door, EMAIL, right).awaits_code
    assert asks_the_profile(door) == "name-4711"
    assert enter_code(door, SecretStr("123456")).state is State.CONNECTED


def test_an_account_in_china_is_asked_in_china(door: Door, right: SecretStr) -> None:
    china = Door(door.database, door.settings, door.person, Region.CHINA)
    log_in(china, EMAIL, right)
    assert account(door).region is Region.CHINA
    with session(door.database, door.settings, door.person) as client:
        assert (client.is_cn, client.client.domain) == (True, "garmin.cn")
    from_setting = door.settings.model_copy(update={"garmin_url": None})
    with session(door.database, from_setting, door.person) as client:
        assert client.client._connectapi == "https://connectapi.garmin.cn"
        assert client.client._di_token_url == "https://diauth.garmin.cn/di-oauth2-service/oauth/token"


def test_the_account_of_another_never_joins_a_persons_data_also_after_disconnecting(
    door: Door, garmin
) -> None:
    use_token(door, SecretStr(garmin.token()))
    another = garmin.add("other@example.org", profile_id=4712)
    for _ in range(2):
        with pytest.raises(AnotherAccount, match="another Garmin account"):
            use_token(door, SecretStr(garmin.token(another)))
        disconnect(door.database, door.person)
    assert account(door).state is State.DISCONNECTED
    assert use_token(door, SecretStr(garmin.token())).state is State.CONNECTED


def test_one_account_is_not_two_people(door: Door, garmin) -> None:
    use_token(door, SecretStr(garmin.token()))
    with door.database.connect() as connection:
        you = ensure_person(connection, "you", "UTC")
    yours = Door(door.database, door.settings, you, Region.GLOBAL)
    with pytest.raises(AnotherAccount, match="connected as “me” already"):
        use_token(yours, SecretStr(garmin.token()))
    disconnect(door.database, door.person)
    assert use_token(yours, SecretStr(garmin.token())).state is State.CONNECTED


def test_disconnecting_forgets_login_and_key_and_again_changes_nothing(door: Door, garmin) -> None:
    use_token(door, SecretStr(garmin.token()))
    for _ in range(2):
        assert disconnect(door.database, door.person).state is State.DISCONNECTED
        left = account(door)
        assert (left.wrapped_key, left.encrypted_tokens, left.encrypted_login) == (None, None, None)
    with (
        pytest.raises(GarminAuthError, match="not connected"),
        session(door.database, door.settings, door.person),
    ):
        pytest.fail("no session opens")


def test_nothing_that_opens_the_account_lies_in_the_database_in_the_clear(
    door: Door, garmin, right: SecretStr
) -> None:
    garmin.accounts[0].code = "123456"
    log_in(door, EMAIL, right)
    waiting = account(door)
    enter_code(door, SecretStr("123456"))
    kept = account(door)
    stored = b"".join(
        part or b""
        for row in (waiting, kept)
        for part in (row.wrapped_key, row.encrypted_tokens, row.encrypted_login)
    )
    assert len(garmin.secrets) >= 5
    assert not [secret for secret in garmin.secrets if secret.encode() in stored]
    assert kept.encrypted_tokens is not None
    assert garmin.secrets & set(
        json.loads(
            json.loads(kept.data_key(door.settings).unseal("garmin tokens", kept.encrypted_tokens))[0]
        ).values()
    )


def test_a_login_that_could_not_be_kept_is_not_tried(door: Door, garmin, right: SecretStr) -> None:
    short = door.settings.model_copy(update={"master_key": SecretStr("short")})
    with pytest.raises(ConfigError, match="SANTORIO_MASTER_KEY"):
        log_in(Door(door.database, short, door.person, Region.GLOBAL), EMAIL, right)
    assert garmin.requests == []


def test_where_the_master_key_is_lost_it_is_said_and_no_new_one_hides_it(
    door: Door, garmin, right: SecretStr
) -> None:
    use_token(door, SecretStr(garmin.token()))
    door.settings.master_key_path.unlink()
    for attempt in (lambda: asks_the_profile(door), lambda: log_in(door, EMAIL, right)):
        with pytest.raises(MasterKeyMissing, match="no master key is there"):
            attempt()
    assert not door.settings.master_key_path.exists()
    disconnect(door.database, door.person)
    assert log_in(door, EMAIL, right).state is State.CONNECTED
