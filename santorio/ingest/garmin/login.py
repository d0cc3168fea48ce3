"""Log in to Garmin, which only a person does: with a password and a code, or with a token from elsewhere.

Each command makes one attempt and stores its outcome as the account's state. A password is never stored. After a 429,
and from the third failure in a row, the next attempt has to wait: Garmin locks accounts after repeated attempts.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from pydantic import SecretStr

from santorio.errors import ConfigError, GarminAuthError, GarminRateLimited, GarminUnavailable, SantorioError
from santorio.ingest.garmin.account import (
    WHY,
    Account,
    Login,
    Reason,
    Region,
    State,
    account_of,
    lock_account,
    status_of,
    unavailable,
)
from santorio.people import Person
from santorio.privacy.encryption import DataKey, new_data_key, wrap
from santorio.privacy.key_rotation import encryption_key
from santorio.settings import Settings
from santorio.storage.database.engine import Database

PENDING = "garmin login"
# Garmin's codes are valid for half an hour at most, and the cookies of the pending login not much longer.
CODE_LIFETIME = dt.timedelta(minutes=30)
WAIT_AFTER_429 = dt.timedelta(minutes=30)
WAIT_AFTER_FAILURES = dt.timedelta(minutes=15)
FAILURES_WITHOUT_WAIT = 2
TOKEN_FIELDS = ("di_token", "di_refresh_token", "di_client_id")


class AccountMismatch(ConfigError):
    """The login works, but belongs to another account than this person's data."""

    code = "garmin_another_account"


@dataclass(frozen=True, slots=True)
class LoginContext:
    """What a login needs: where the account is stored, its person, and Garmin's region."""

    database: Database
    settings: Settings
    person: Person
    region: Region

    def client(self) -> Any:
        """Return a client without tokens."""
        from santorio.ingest.garmin.client import StoredClient

        return StoredClient(china=self.region is Region.CHINA, url=self.settings.garmin_url)


def log_in(context: LoginContext, email: str, password: SecretStr) -> Account:
    """Make one login attempt.

    Returns
    -------
    Account
        Connected, or waiting for the code that Garmin sent; `enter_code` continues then, from any process.

    Raises
    ------
    GarminAuthError, GarminRateLimited, GarminUnavailable
        If it failed; the state says why. An account that was connected stays connected, with the login it had.
    AccountMismatch
        If this person's data is from another account, or another person has this account.
    """
    check_login_allowed(context)
    client = context.client()

    def attempt() -> object:
        status, pending = client.login(email, password.get_secret_value(), return_on_mfa=True)
        return pending if status == "needs_mfa" else None

    pending = _attempt(context, attempt, refused=Reason.REFUSED)
    if pending is None:
        return _connect(context, client)
    return _store_pending(context, pending)


def enter_code(context: LoginContext, code: SecretStr) -> Account:
    """Finish the login that is waiting for a code.

    Raises
    ------
    GarminAuthError
        If none is pending, or Garmin refuses the code. It may be entered again; after the third wrong code, or
        half an hour, the login starts over.
    """
    check_login_allowed(context)
    with context.database.connect() as connection:
        account = account_of(connection, context.person)
    if account.encrypted_login is None:
        raise _no_pending_login()
    pending = json.loads(account.data_key(context.settings).decrypt(PENDING, account.encrypted_login))
    if dt.datetime.fromisoformat(pending["until"]) < dt.datetime.now(dt.UTC):
        raise _no_pending_login()
    # The code belongs to the region in which the login began.
    context = replace(context, region=Region(pending["region"]))
    client = context.client()

    def attempt() -> object:
        return client.resume_login(pending["login"], code.get_secret_value().strip())

    _attempt(context, attempt, refused=Reason.WRONG_CODE)
    return _connect(context, client)


def use_token(context: LoginContext, token: SecretStr) -> Account:
    """Connect by a token: what garminconnect's `client.dumps()` returns and its `garmin_tokens.json` holds.

    Raises
    ------
    GarminAuthError
        If it is not a token, or Garmin does not accept it.
    """
    check_login_allowed(context)
    client = context.client()
    client.loads(_checked(token))
    _attempt(context, client.renew_if_old, refused=Reason.REVOKED)
    return _connect(context, client)


def disconnect(database: Database, person: Person) -> Account:
    """Delete a person's login and the key that encrypted it; what was fetched stays.

    The account's number stays: the data of another account must not be mixed with this person's.
    """
    with database.connect() as connection:
        lock_account(connection, person)
        connection.execute(
            """
            update ops.garmin_accounts
            set state = 'disconnected', reason = null, wrapped_key = null, encrypted_tokens = null,
                encrypted_login = null, failures = 0, changed_at = clock_timestamp()
            where user_id = %s
            """,
            [person.user_id],
        )
        return account_of(connection, person)


def _checked(token: SecretStr) -> str:
    """Return a token with its fields and nothing else; reject one that lacks a field."""
    try:
        document = json.loads(token.get_secret_value())
    except ValueError:
        raise _not_a_token() from None
    if not isinstance(document, dict):
        raise _not_a_token()
    fields: dict[str, str] = {}
    for name in TOKEN_FIELDS:
        value = document.get(name)
        if not isinstance(value, str) or not value:
            raise _not_a_token()
        fields[name] = value
    return json.dumps(fields)


def _not_a_token() -> GarminAuthError:
    return GarminAuthError(
        "Not a token of garminconnect.",
        hint="Give the content of its garmin_tokens.json: " + ", ".join(TOKEN_FIELDS) + ".",
    )


def check_login_allowed(context: LoginContext) -> None:
    """Check that an attempt is not too soon, and that its tokens could be stored.

    Raises
    ------
    GarminRateLimited
        If a login has to wait.
    ConfigError
        If there is no master key to encrypt them under.
    """
    with context.database.connect() as connection:
        encryption_key(connection, context.settings)
        account = account_of(connection, context.person)
    if account.not_before is not None and account.not_before > dt.datetime.now(dt.UTC):
        raise GarminRateLimited("After failed logins, the next attempt has to wait.", hint=account.what_to_do)


def _attempt(context: LoginContext, attempt: Callable[[], object], *, refused: Reason) -> object:
    """Make an attempt; a failure becomes the account's state, and an error that does not quote Garmin."""
    from garminconnect import (
        GarminConnectAuthenticationError,
        GarminConnectConnectionError,
        GarminConnectTooManyRequestsError,
    )

    try:
        return attempt()
    except GarminConnectTooManyRequestsError:
        reason = Reason.RATE_LIMITED
    except GarminConnectAuthenticationError as error:
        # The library reports a code whose verification never reached Garmin as refused too; only its text differs.
        message = str(error)
        is_unanswered = "connection error" in message or "non-JSON" in message
        reason = Reason.UNAVAILABLE if is_unanswered else refused
    except GarminConnectConnectionError as error:
        if status_of(error) == 401:
            raise _failed(context, refused, at_code=False) from None
        # A limit of the sign-in pages comes as this error, with the status in its text.
        message = str(error)
        is_limited = " 429" in message or " 427" in message
        reason = Reason.RATE_LIMITED if is_limited else Reason.UNAVAILABLE
    except (OSError, ValueError):
        reason = Reason.UNAVAILABLE
    raise _failed(context, reason, at_code=refused is Reason.WRONG_CODE) from None


def _failed(context: LoginContext, reason: Reason, *, at_code: bool) -> SantorioError:
    """Store a failed attempt as the account's state, and return its error."""
    with context.database.connect() as connection:
        account = lock_account(connection, context.person)
        failures = account.failures
        # Only a refusal counts: a limit or an outage says nothing about the password.
        if reason not in {Reason.RATE_LIMITED, Reason.UNAVAILABLE}:
            failures += 1
        keeps_pending = at_code and failures <= FAILURES_WITHOUT_WAIT
        state = State.NEEDS_LOGIN
        stored_reason: Reason | None = reason
        if account.state is State.CONNECTED:
            # The login that it had still works.
            state, stored_reason = State.CONNECTED, None
        elif keeps_pending:
            state = State.NEEDS_CODE
        connection.execute(
            """
            update ops.garmin_accounts
            set state = %s, reason = %s, failures = %s, not_before = %s,
                encrypted_login = case when %s then encrypted_login end, changed_at = clock_timestamp()
            where user_id = %s
            """,
            [
                state,
                stored_reason,
                failures,
                _next_attempt(reason, failures),
                keeps_pending,
                context.person.user_id,
            ],
        )
        account = account_of(connection, context.person)
    return _login_error(account, reason)


def _next_attempt(reason: Reason, failures: int) -> dt.datetime | None:
    """Return when the next attempt may be made; None where it may be made at once."""
    now = dt.datetime.now(dt.UTC)
    if reason is Reason.RATE_LIMITED:
        return now + WAIT_AFTER_429
    if failures > FAILURES_WITHOUT_WAIT:
        # The wait doubles with each failure, up to 16 hours.
        doublings = min(failures - FAILURES_WITHOUT_WAIT - 1, 6)
        return now + WAIT_AFTER_FAILURES * (1 << doublings)
    return None


def _login_error(account: Account, reason: Reason) -> SantorioError:
    kinds = {Reason.RATE_LIMITED: GarminRateLimited, Reason.UNAVAILABLE: GarminUnavailable}
    details = {"person": account.name, "state": account.state.value, "reason": reason.value}
    hint = account.what_to_do or "The previous login is kept and still works."
    return kinds.get(reason, GarminAuthError)(WHY[reason], hint=hint, details=details)


def _no_pending_login() -> GarminAuthError:
    return GarminAuthError(
        "No login is waiting for a code.", hint="Type `santorio connect garmin` to start one."
    )


def _store_pending(context: LoginContext, pending: object) -> Account:
    until = dt.datetime.now(dt.UTC) + CODE_LIFETIME
    document = {"login": pending, "region": context.region, "until": until.isoformat()}
    with context.database.connect() as connection:
        key = _ensure_data_key(connection, context)
        connection.execute(
            """
            update ops.garmin_accounts
            set encrypted_login = %s, state = case when state = 'connected' then state else 'needs_code' end,
                reason = null, not_before = null, changed_at = clock_timestamp()
            where user_id = %s
            """,
            [key.encrypt(PENDING, json.dumps(document).encode()), context.person.user_id],
        )
        return account_of(connection, context.person)


def _connect(context: LoginContext, client: Any) -> Account:
    profile = _attempt(context, client.profile, refused=Reason.REVOKED)
    assert isinstance(profile, dict)  # noqa: S101 - the client has checked it
    number, display_name = profile.get("profileId"), profile.get("displayName")
    account_id = str(number or display_name or "")
    if not account_id:
        raise unavailable(None)
    with context.database.connect() as connection:
        key = _ensure_data_key(connection, context)
        _check_account_matches(connection, context, account_id)
        connection.execute(
            """
            update ops.garmin_accounts
            set state = 'connected', reason = null, region = %s, account_id = %s, encrypted_tokens = %s,
                encrypted_login = null, failures = 0, not_before = null, changed_at = clock_timestamp(),
                rotated_at = clock_timestamp()
            where user_id = %s
            """,
            [
                context.region,
                account_id,
                Login(client.dumps(), display_name).encrypt(key),
                context.person.user_id,
            ],
        )
        return account_of(connection, context.person)


def _ensure_data_key(connection: psycopg.Connection, context: LoginContext) -> DataKey:
    """Lock the account and return its data key; create one where there is none."""
    master = encryption_key(connection, context.settings)
    account = lock_account(connection, context.person)
    if account.wrapped_key is not None:
        return account.data_key(context.settings)
    key = new_data_key(context.person.user_id)
    connection.execute(
        "update ops.garmin_accounts set wrapped_key = %s where user_id = %s",
        [wrap(master, key), context.person.user_id],
    )
    return key


def _check_account_matches(connection: psycopg.Connection, context: LoginContext, account_id: str) -> None:
    """Check that an account is the person's own, and connected for this person only."""
    account = account_of(connection, context.person)
    has_account = account.account_id is not None
    if has_account and (account.region, account.account_id) != (context.region, account_id):
        raise AccountMismatch(
            f"This is another Garmin account than the one whose data “{account.name}” has.",
            hint="Name another person for it: `santorio connect garmin --person NAME`.",
        )
    other = connection.execute(
        "select name from ops.garmin_accounts join ops.people using (user_id) "
        "where region = %s and account_id = %s and state <> 'disconnected' and user_id <> %s",
        [context.region, account_id, context.person.user_id],
    ).fetchone()
    if other is not None:
        [name] = other
        raise AccountMismatch(
            f"This Garmin account is connected as “{name}” already.",
            hint=f"Type `santorio disconnect garmin --person {name}` first, if it should change hands.",
        )
