"""A login is an attempt by a person; its outcome is a state, and what it returns is encrypted."""

import datetime as dt
import json

import pytest
from pydantic import SecretStr

from santorio.errors import ConfigError, GarminAuthError, GarminRateLimited, GarminUnavailable
from santorio.ingest.garmin.account import Reason, Region, State, account_of, session
from santorio.ingest.garmin.login import (
    AccountMismatch,
    LoginContext,
    disconnect,
    enter_code,
    log_in,
    use_token,
)
from santorio.people import Person, ensure_person
from santorio.privacy.encryption import MasterKeyMissing
from santorio.settings import Settings
from santorio.storage.database.engine import Database

EMAIL, WRONG = "me@example.org", SecretStr("not-the-password")


@pytest.fixture
def right(garmin) -> SecretStr:
    return SecretStr(garmin.accounts[0].password)


@pytest.fixture
def context(database: Database, settings: Settings, person: Person, garmin) -> LoginContext:
    return LoginContext(database, settings, person, Region.GLOBAL)


def account(context: LoginContext):
    with context.database.connect() as connection:
        return account_of(connection, context.person)


def let_time_pass(context: LoginContext, **time: float) -> None:
    with context.database.connect() as connection:
        connection.execute(
            "update ops.garmin_accounts set not_before = not_before - %s where user_id = %s",
            [dt.timedelta(**time), context.person.user_id],
        )


def asks_the_profile(context: LoginContext) -> str:
    with session(context.database, context.settings, context.person) as client:
        return client.connectapi("/userprofile-service/socialProfile")["displayName"]


def test_a_person_who_never_connected_is_not_connected(context: LoginContext) -> None:
    assert account(context).state is State.DISCONNECTED
    assert "connect garmin --person me" in account(context).what_to_do


def test_the_right_password_connects_and_a_session_works(context: LoginContext, right: SecretStr) -> None:
    connected = log_in(context, EMAIL, right)
    assert (connected.state, connected.reason, connected.account_id) == (State.CONNECTED, None, "4711")
    assert asks_the_profile(context) == "name-4711"


def test_a_wrong_password_is_tried_once_and_stops_there(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    with pytest.raises(GarminAuthError, match=r"refused the email or the password\. Type `santorio connect"):
        log_in(context, EMAIL, WRONG)
    assert garmin.count("/mobile/api/login") == 1
    assert (account(context).state, account(context).reason) == (State.NEEDS_LOGIN, Reason.REFUSED)
    requests = len(garmin.requests)
    for _ in range(3):
        with (
            pytest.raises(GarminAuthError, match="refused the email"),
            session(context.database, context.settings, context.person),
        ):
            pytest.fail("no session opens")
    assert len(garmin.requests) == requests
    assert log_in(context, EMAIL, right).state is State.CONNECTED
    assert account(context).failures == 0


def test_from_the_third_failure_on_garmin_is_left_in_peace_longer_and_longer(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    for minutes in (0, 0, 15, 30, 60):
        with pytest.raises(GarminAuthError):
            log_in(context, EMAIL, WRONG)
        requests = len(garmin.requests)
        if minutes:
            with pytest.raises(GarminRateLimited, match=r"Wait until \d{4}-"):
                log_in(context, EMAIL, right)
            assert len(garmin.requests) == requests
            let_time_pass(context, minutes=minutes - 1)
            with pytest.raises(GarminRateLimited):
                log_in(context, EMAIL, right)
            let_time_pass(context, minutes=1)
    assert log_in(context, EMAIL, right).state is State.CONNECTED


def test_a_429_at_the_login_ends_it_and_the_next_one_has_to_wait(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    garmin.broken = {"/mobile": 429, "/sso": 429, "/portal": 429}
    with pytest.raises(GarminRateLimited, match=r"limits logins.*Wait until"):
        log_in(context, EMAIL, right)
    assert (account(context).state, account(context).reason) == (State.NEEDS_LOGIN, Reason.RATE_LIMITED)
    # Each way of logging in stopped before the password was sent.
    assert garmin.count("/mobile/api/login") == garmin.count("/portal/api/login") == 0
    requests, garmin.broken = len(garmin.requests), {}
    with pytest.raises(GarminRateLimited):
        log_in(context, EMAIL, right)
    assert len(garmin.requests) == requests
    let_time_pass(context, minutes=30)
    assert log_in(context, EMAIL, right).state is State.CONNECTED


def test_an_outage_at_the_login_is_no_wrong_password(context: LoginContext, garmin, right: SecretStr) -> None:
    garmin.broken = {"/": 503}
    with pytest.raises(GarminUnavailable, match="did not answer the login"):
        log_in(context, EMAIL, right)
    assert (account(context).reason, account(context).failures) == (Reason.UNAVAILABLE, 0)
    assert garmin.count("/mobile/api/login") + garmin.count("/portal/api/login") <= 4
    garmin.broken = {}
    assert log_in(context, EMAIL, right).state is State.CONNECTED


def test_where_the_token_service_gives_no_tokens_no_ticket_travels_in_an_address(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    garmin.broken = {"/di-oauth2-service": 503}
    with pytest.raises(GarminUnavailable):
        log_in(context, EMAIL, right)
    assert not [path for method, path, _ in garmin.requests if "gcm" in path or path == "/app"]


def test_the_code_is_entered_later_by_another_process(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    garmin.accounts[0].code = "123456"
    waiting = log_in(context, EMAIL, right)
    assert (waiting.state, waiting.awaits_code) == (State.NEEDS_CODE, True)
    assert "--code" in waiting.what_to_do
    with (
        pytest.raises(GarminAuthError, match="waits for the code"),
        session(context.database, context.settings, context.person),
    ):
        pytest.fail("no session opens")
    assert enter_code(context, SecretStr(" 123456\n")).state is State.CONNECTED
    assert not account(context).awaits_code
    assert asks_the_profile(context) == "name-4711"


def test_a_wrong_code_can_be_entered_again_twice_and_then_the_login_starts_anew(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    garmin.accounts[0].code = "123456"
    log_in(context, EMAIL, right)
    for _ in range(2):
        with pytest.raises(GarminAuthError, match=r"refused the code\. .*--code"):
            enter_code(context, SecretStr("000000"))
        assert account(context).state is State.NEEDS_CODE
    with pytest.raises(GarminAuthError, match=r"refused the code\. Wait until"):
        enter_code(context, SecretStr("000000"))
    assert (account(context).state, account(context).awaits_code) == (State.NEEDS_LOGIN, False)
    let_time_pass(context, minutes=15)
    with pytest.raises(GarminAuthError, match="No login is waiting"):
        enter_code(context, SecretStr("123456"))


def test_a_code_that_never_reached_garmin_is_no_wrong_code(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    garmin.accounts[0].code = "123456"
    log_in(context, EMAIL, right)
    garmin.broken = {"/mobile/api/mfa": 429, "/portal/api/mfa": 429}
    with pytest.raises(GarminRateLimited):
        enter_code(context, SecretStr("123456"))
    assert (account(context).state, account(context).failures) == (State.NEEDS_CODE, 0)
    garmin.broken = {}
    let_time_pass(context, minutes=30)
    assert enter_code(context, SecretStr("123456")).state is State.CONNECTED


def test_a_token_from_elsewhere_connects(context: LoginContext, garmin) -> None:
    assert use_token(context, SecretStr(garmin.token())).state is State.CONNECTED
    assert asks_the_profile(context) == "name-4711"


def test_an_expired_token_from_elsewhere_is_renewed_first(context: LoginContext, garmin) -> None:
    assert use_token(context, SecretStr(garmin.token(lifetime_s=-60))).state is State.CONNECTED
    assert garmin.count("/di-oauth2-service") == 1


@pytest.mark.parametrize("lifetime_s", [3600, -60])
def test_a_revoked_token_connects_nothing(context: LoginContext, garmin, lifetime_s: float) -> None:
    token = garmin.token(lifetime_s=lifetime_s)
    garmin.revoke()
    with pytest.raises(GarminAuthError, match="no longer accepts"):
        use_token(context, SecretStr(token))
    assert (account(context).state, account(context).reason) == (State.NEEDS_LOGIN, Reason.REVOKED)


@pytest.mark.parametrize("text", ["hunter2", "[]", "{}", '{"di_token": "hunter2"}', "null"])
def test_what_is_no_token_is_refused_without_asking_garmin_and_not_shown(
    context: LoginContext, garmin, text: str
) -> None:
    with pytest.raises(GarminAuthError, match="Not a token of garminconnect") as caught:
        use_token(context, SecretStr(text))
    assert "hunter2" not in str(caught.value)
    assert garmin.requests == []


def test_a_failed_login_leaves_the_one_that_works(context: LoginContext, garmin) -> None:
    use_token(context, SecretStr(garmin.token()))
    with pytest.raises(GarminAuthError, match="previous login is kept"):
        log_in(context, EMAIL, WRONG)
    assert account(context).state is State.CONNECTED
    assert asks_the_profile(context) == "name-4711"


def test_a_login_that_waits_for_its_code_leaves_the_one_that_works(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    use_token(context, SecretStr(garmin.token()))
    garmin.accounts[0].code = "123456"
    assert log_in(context, EMAIL, right).awaits_code
    assert asks_the_profile(context) == "name-4711"
    assert enter_code(context, SecretStr("123456")).state is State.CONNECTED


def test_an_account_in_china_is_asked_in_china(context: LoginContext, right: SecretStr) -> None:
    china = LoginContext(context.database, context.settings, context.person, Region.CHINA)
    log_in(china, EMAIL, right)
    assert account(context).region is Region.CHINA
    with session(context.database, context.settings, context.person) as client:
        assert (client.is_cn, client.client.domain) == (True, "garmin.cn")
    from_setting = context.settings.model_copy(update={"garmin_url": None})
    with session(context.database, from_setting, context.person) as client:
        assert client.client._connectapi == "https://connectapi.garmin.cn"
        assert client.client._di_token_url == "https://diauth.garmin.cn/di-oauth2-service/oauth/token"


def test_the_account_of_another_never_joins_a_persons_data_also_after_disconnecting(
    context: LoginContext, garmin
) -> None:
    use_token(context, SecretStr(garmin.token()))
    another = garmin.add("other@example.org", profile_id=4712)
    for _ in range(2):
        with pytest.raises(AccountMismatch, match="another Garmin account"):
            use_token(context, SecretStr(garmin.token(another)))
        disconnect(context.database, context.person)
    assert account(context).state is State.DISCONNECTED
    assert use_token(context, SecretStr(garmin.token())).state is State.CONNECTED


def test_one_account_is_not_two_people(context: LoginContext, garmin) -> None:
    use_token(context, SecretStr(garmin.token()))
    with context.database.connect() as connection:
        you = ensure_person(connection, "you", "UTC")
    yours = LoginContext(context.database, context.settings, you, Region.GLOBAL)
    with pytest.raises(AccountMismatch, match="connected as “me” already"):
        use_token(yours, SecretStr(garmin.token()))
    disconnect(context.database, context.person)
    assert use_token(yours, SecretStr(garmin.token())).state is State.CONNECTED


def test_disconnecting_forgets_login_and_key_and_again_changes_nothing(context: LoginContext, garmin) -> None:
    use_token(context, SecretStr(garmin.token()))
    for _ in range(2):
        assert disconnect(context.database, context.person).state is State.DISCONNECTED
        left = account(context)
        assert (left.wrapped_key, left.encrypted_tokens, left.encrypted_login) == (None, None, None)
    with (
        pytest.raises(GarminAuthError, match="not connected"),
        session(context.database, context.settings, context.person),
    ):
        pytest.fail("no session opens")


def test_nothing_that_opens_the_account_lies_in_the_database_in_the_clear(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    garmin.accounts[0].code = "123456"
    log_in(context, EMAIL, right)
    waiting = account(context)
    enter_code(context, SecretStr("123456"))
    connected = account(context)
    stored = b"".join(
        part or b""
        for row in (waiting, connected)
        for part in (row.wrapped_key, row.encrypted_tokens, row.encrypted_login)
    )
    assert len(garmin.secrets) >= 5
    assert not [secret for secret in garmin.secrets if secret.encode() in stored]
    assert connected.encrypted_tokens is not None
    assert garmin.secrets & set(
        json.loads(
            json.loads(
                connected.data_key(context.settings).decrypt("garmin tokens", connected.encrypted_tokens)
            )[0]
        ).values()
    )


def test_a_login_that_could_not_be_kept_is_not_tried(context: LoginContext, garmin, right: SecretStr) -> None:
    short = context.settings.model_copy(update={"master_key": SecretStr("short")})
    with pytest.raises(ConfigError, match="SANTORIO_MASTER_KEY"):
        log_in(LoginContext(context.database, short, context.person, Region.GLOBAL), EMAIL, right)
    assert garmin.requests == []


def test_where_the_master_key_is_lost_it_is_said_and_no_new_one_hides_it(
    context: LoginContext, garmin, right: SecretStr
) -> None:
    use_token(context, SecretStr(garmin.token()))
    context.settings.master_key_path.unlink()
    for attempt in (lambda: asks_the_profile(context), lambda: log_in(context, EMAIL, right)):
        with pytest.raises(MasterKeyMissing, match="no master key is available"):
            attempt()
    assert not context.settings.master_key_path.exists()
    disconnect(context.database, context.person)
    assert log_in(context, EMAIL, right).state is State.CONNECTED
