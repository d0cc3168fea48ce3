"""A person's Garmin account: its state, its encrypted tokens, and a session with it.

Only a person logs in (`login.py`); a session never does, because no password is stored. When Garmin refuses the tokens,
the account's state becomes `needs_login`, and no further request is made until the person connects it again.

Tokens are written the moment Garmin has rotated them, under the lock of the person's row. A process that wants to
rotate takes the lock, checks whether another process has rotated them meanwhile, and uses those.
"""

import datetime as dt
import enum
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from santorio.errors import GarminAuthError, GarminRateLimited, GarminUnavailable, SourceError
from santorio.people import Person
from santorio.privacy.encryption import DataKey, available_master_keys, unwrap
from santorio.settings import Settings
from santorio.storage.database.engine import Database

TOKENS = "garmin tokens"
TRANSIENT_HINT = "Nothing is lost, and the login is kept. Try again later."


class State(enum.StrEnum):
    """State of the login."""

    CONNECTED = "connected"
    NEEDS_CODE = "needs_code"
    NEEDS_LOGIN = "needs_login"
    DISCONNECTED = "disconnected"


class Reason(enum.StrEnum):
    """Why a login is needed."""

    REFUSED = "refused"
    WRONG_CODE = "wrong_code"
    REVOKED = "revoked"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


class Region(enum.StrEnum):
    """Garmin's two services; an account belongs to one."""

    GLOBAL = "global"
    CHINA = "china"


WHAT = {
    State.CONNECTED: "Garmin is connected.",
    State.NEEDS_CODE: "Garmin waits for the code that it sent.",
    State.NEEDS_LOGIN: "Garmin needs a new login.",
    State.DISCONNECTED: "Garmin is not connected.",
}
WHY = {
    Reason.REFUSED: "Garmin refused the email or the password.",
    Reason.WRONG_CODE: "Garmin refused the code.",
    Reason.REVOKED: "Garmin no longer accepts the stored login: it expired, was revoked, or the password changed.",
    Reason.RATE_LIMITED: "Garmin limits logins from this network or to this account.",
    Reason.UNAVAILABLE: "Garmin did not answer the login.",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account; `what` and `what_to_do` describe it for people."""

    user_id: UUID
    name: str
    state: State = State.DISCONNECTED
    reason: Reason | None = None
    region: Region = Region.GLOBAL
    account_id: str | None = None
    wrapped_key: bytes | None = field(default=None, repr=False)
    encrypted_tokens: bytes | None = field(default=None, repr=False)
    encrypted_login: bytes | None = field(default=None, repr=False)
    failures: int = 0
    not_before: dt.datetime | None = None
    changed_at: dt.datetime | None = None
    rotated_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        # The database's texts become members of the enums.
        object.__setattr__(self, "state", State(self.state))
        object.__setattr__(self, "region", Region(self.region))
        if self.reason is not None:
            object.__setattr__(self, "reason", Reason(self.reason))

    @property
    def what(self) -> str:
        """The state, in a sentence or two."""
        if self.reason is None:
            return WHAT[self.state]
        return f"{WHAT[self.state]} {WHY[self.reason]}"

    @property
    def what_to_do(self) -> str:
        """What the person can do about it; empty while it is connected."""
        if self.state is State.CONNECTED:
            return ""
        option = " --code" if self.awaits_code else ""
        hint = f"Type `santorio connect garmin --person {self.name}{option}`."
        if self.not_before is not None and self.not_before > dt.datetime.now(dt.UTC):
            return f"Wait until {self.not_before.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC. {hint}"
        return hint

    @property
    def awaits_code(self) -> bool:
        """Whether a login is waiting for its second factor, also one that would replace a working login."""
        return self.encrypted_login is not None

    def data_key(self, settings: Settings) -> DataKey:
        """Open the person's data key.

        Raises
        ------
        MasterKeyMissing
            If the master key that encrypted it is missing.
        """
        assert self.wrapped_key is not None  # noqa: S101 - the table's check; only asked where something is encrypted
        return unwrap(available_master_keys(settings), self.user_id, self.wrapped_key)


@dataclass(frozen=True, slots=True)
class Login:
    """The tokens of an account, and its name in Garmin's URLs."""

    tokens: str = field(repr=False)
    display_name: str | None

    def encrypt(self, key: DataKey) -> bytes:
        """Encrypt it for the database."""
        return key.encrypt(TOKENS, json.dumps([self.tokens, self.display_name]).encode())

    @classmethod
    def decrypt(cls, key: DataKey, encrypted: bytes) -> Self:
        """Decrypt it."""
        return cls(*json.loads(key.decrypt(TOKENS, encrypted)))


COLUMNS = (
    "people.user_id, people.name, coalesce(state, 'disconnected') as state, reason, "
    "coalesce(region, 'global') as region, account_id, wrapped_key, encrypted_tokens, encrypted_login, "
    "coalesce(failures, 0) as failures, not_before, changed_at, rotated_at"
)


def accounts(connection: psycopg.Connection, person: Person | None = None) -> list[Account]:
    """Return the accounts of all people or of one, in the order in which people were added.

    A person without an account has one that is `disconnected`.
    """
    with connection.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            f"select {COLUMNS} from ops.people left join ops.garmin_accounts using (user_id) "  # noqa: S608 - ours
            "where %(user_id)s::uuid is null or user_id = %(user_id)s order by people.created_at, people.name",
            {"user_id": person and person.user_id},
        ).fetchall()


def account_of(connection: psycopg.Connection, person: Person) -> Account:
    """Return one person's account."""
    [account] = accounts(connection, person)
    return account


def lock_account(connection: psycopg.Connection, person: Person) -> Account:
    """Lock one person's account until the transaction ends, and return it."""
    connection.execute(
        "insert into ops.garmin_accounts (user_id, state) values (%s, 'disconnected') on conflict do nothing",
        [person.user_id],
    )
    connection.execute("select from ops.garmin_accounts where user_id = %s for update", [person.user_id])
    return account_of(connection, person)


@contextmanager
def session(database: Database, settings: Settings, person: Person) -> Iterator[Any]:
    """Open a session with a person's Garmin account; that makes no request, unless the tokens are due for renewal.

    Parameters
    ----------
    database
        Database with the account.
    settings
        Settings with the master key, or with the data directory that contains it.
    person
        Person who owns the account.

    Yields
    ------
    garminconnect.Garmin
        Logged in. Tokens that it renews are stored at once, even if the work fails.

    Raises
    ------
    GarminAuthError
        If the account is not connected (no request was made then), or Garmin refuses it: it needs a new login.
    GarminRateLimited, GarminUnavailable
        If the work raised such an error of the library; the account stays connected.
    """
    from santorio.ingest.garmin.client import garmin_over

    with database.connect() as connection:
        account = account_of(connection, person)
    if account.state is not State.CONNECTED:
        raise auth_error(account)
    tokens = _TokenStore(database, settings, person, account)
    garmin = garmin_over(tokens.client, display_name=tokens.login.display_name)
    try:
        with translate_library_errors(tokens.stopped):
            tokens.client.renew_if_old()
            yield garmin
    finally:
        tokens.save()


class _TokenStore:
    """Keeps the tokens of a session and those in the database the same."""

    def __init__(self, database: Database, settings: Settings, person: Person, account: Account) -> None:
        from santorio.ingest.garmin.client import StoredClient

        assert account.encrypted_tokens is not None  # noqa: S101 - the table's check: it is connected
        self.database, self.settings, self.person = database, settings, person
        self.key = account.data_key(settings)
        self.encrypted = account.encrypted_tokens
        self.login = Login.decrypt(self.key, self.encrypted)
        self.client = StoredClient(china=account.region is Region.CHINA, url=settings.garmin_url)
        self.client.loads(self.login.tokens)
        self.client.renew = self._renew

    def _renew(self, client: Any) -> None:
        """Use the tokens that another process stored, or else rotate ours, under the account's lock."""
        from garminconnect import GarminConnectAuthenticationError

        with self.database.connect() as connection:
            account = lock_account(connection, self.person)
            if account.state is not State.CONNECTED or account.encrypted_tokens is None:
                client.refused = True
                raise GarminConnectAuthenticationError("The account was disconnected meanwhile")
            if account.encrypted_tokens != self.encrypted:
                # Another process has renewed them meanwhile: ours are no longer valid.
                self.key, self.encrypted = account.data_key(self.settings), account.encrypted_tokens
                client.loads(Login.decrypt(self.key, self.encrypted).tokens)
                if not client.expires_soon:
                    return
            try:
                client.rotate()
            except GarminConnectAuthenticationError:
                _stop(connection, self.person)
                connection.commit()
                raise
            self._write(connection)

    def save(self) -> None:
        """Store tokens that could not be stored when they arrived, unless the account has others by now."""
        if not self.client.unsaved:
            return
        with self.database.connect() as connection:
            account = lock_account(connection, self.person)
            if account.state is State.CONNECTED and account.encrypted_tokens == self.encrypted:
                self._write(connection)

    def _write(self, connection: psycopg.Connection) -> None:
        encrypted = Login(self.client.dumps(), self.login.display_name).encrypt(self.key)
        connection.execute(
            "update ops.garmin_accounts set encrypted_tokens = %s, rotated_at = clock_timestamp() where user_id = %s",
            [encrypted, self.person.user_id],
        )
        connection.commit()
        self.encrypted, self.client.unsaved = encrypted, False

    def stopped(self) -> GarminAuthError | None:
        """Mark the account as needing a login where Garmin refuses it, and return that error.

        None where Garmin refused one endpoint only: after a 401 the profile, which every accepted login may read,
        is requested, with new tokens if need be. A refused renewal has marked the account already.
        """
        self.client.renewed_at = None
        if not self.client.refused and not self._is_login_refused():
            return None
        self.client.refused = True
        with self.database.connect() as connection:
            # Tokens that another process has stored meanwhile may be valid: the account stays connected then.
            if lock_account(connection, self.person).encrypted_tokens == self.encrypted:
                _stop(connection, self.person)
            return auth_error(account_of(connection, self.person))

    def _is_login_refused(self) -> bool:
        """Request the profile and return whether Garmin refuses the login itself."""
        failure = _failure(self.client.profile)
        # The request may have renewed the tokens: a renewal that is refused has no status, and is noted by the client.
        return bool(self.client.refused) or status_of(failure) == 401


def _stop(connection: psycopg.Connection, person: Person) -> None:
    connection.execute(
        "update ops.garmin_accounts set state = 'needs_login', reason = 'revoked', changed_at = clock_timestamp() "
        "where user_id = %s and state = 'connected'",
        [person.user_id],
    )


def _failure(request: Callable[[], object]) -> Exception | None:
    """Make a request, and return the error that it ended with; None if it succeeded."""
    from garminconnect import (
        GarminConnectAuthenticationError,
        GarminConnectConnectionError,
        GarminConnectTooManyRequestsError,
    )

    try:
        request()
    except (
        GarminConnectAuthenticationError,
        GarminConnectConnectionError,
        GarminConnectTooManyRequestsError,
        OSError,
        ValueError,
    ) as error:
        return error
    return None


def status_of(error: Exception | None) -> int | None:
    """Return the HTTP status that an error of the library carries."""
    return getattr(getattr(error, "response", None), "status_code", None)


def auth_error(account: Account) -> GarminAuthError:
    """Return the error of an account that is not connected, with what to do."""
    return GarminAuthError(
        account.what,
        hint=account.what_to_do,
        details={"person": account.name, "state": account.state.value, "reason": account.reason},
    )


@contextmanager
def translate_library_errors(refused: Callable[[], GarminAuthError | None]) -> Iterator[None]:
    """Translate the library's errors. Their texts are dropped: they quote URLs and Garmin's responses.

    Parameters
    ----------
    refused
        Called after a 401: returns the error of a login that has ended, None for one that still works.
    """
    from garminconnect import (
        GarminConnectAuthenticationError,
        GarminConnectConnectionError,
        GarminConnectTooManyRequestsError,
    )

    try:
        yield
    except GarminConnectTooManyRequestsError:
        raise rate_limited() from None
    except GarminConnectAuthenticationError:
        if (refusal := refused()) is not None:
            raise refusal from None
        raise GarminUnavailable("Garmin refused one request.", hint=TRANSIENT_HINT) from None
    except GarminConnectConnectionError as error:
        if status_of(error) == 429:
            raise rate_limited() from None
        raise unavailable(status_of(error)) from None


def rate_limited() -> GarminRateLimited:
    """Return the error of a 429."""
    return GarminRateLimited("Garmin asks us to slow down.", hint=TRANSIENT_HINT)


def unavailable(status: int | None) -> SourceError:
    """Return the error of an unexpected response, or of none."""
    code = f" (HTTP {status})" if status else ""
    return GarminUnavailable(f"Garmin did not answer as it should{code}.", hint=TRANSIENT_HINT)
