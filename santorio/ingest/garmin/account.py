"""A person's Garmin account: its state, its sealed tokens, and a session with it.

The state says whether anything is asked of Garmin. Only a person logs in (`santorio.ingest.garmin.login`); a
session never does, for no password is kept. What Garmin refuses once puts the account into `needs_login`, and
there it stays, without another request, until the person connects it again.

Tokens are written the moment that Garmin has rotated them, under the lock of the person's row. Whoever wants to
rotate takes the lock, looks whether somebody else has done it meanwhile, and uses theirs.
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
from santorio.privacy.encryption import DataKey, known_keys, unwrap
from santorio.settings import Settings
from santorio.storage.database.engine import Database

TOKENS = "garmin tokens"
TRANSIENT_HINT = "Nothing is lost, and the login is kept. Try again later."


class State(enum.StrEnum):
    """Where the login stands."""

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
    """Which of Garmin's two services holds the account."""

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
    """The row of one person; `what` and `what_to_do` say it in words."""

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
        object.__setattr__(self, "state", State(self.state))
        object.__setattr__(self, "reason", Reason(self.reason) if self.reason else None)
        object.__setattr__(self, "region", Region(self.region))

    @property
    def what(self) -> str:
        """The state, in a sentence or two."""
        return " ".join([WHAT[self.state], *([WHY[self.reason]] if self.reason else [])])

    @property
    def what_to_do(self) -> str:
        """What the person can do about it; nothing while it is connected."""
        if self.state is State.CONNECTED:
            return ""
        code = " --code" if self.awaits_code else ""
        hint = f"Type `santorio connect garmin --person {self.name}{code}`."
        if self.not_before is not None and self.not_before > dt.datetime.now(dt.UTC):
            return f"Wait until {self.not_before.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC. {hint}"
        return hint

    @property
    def awaits_code(self) -> bool:
        """Whether a login waits for its second factor, also one that would replace a login that works."""
        return self.encrypted_login is not None

    def data_key(self, settings: Settings) -> DataKey:
        """Open the person's data key.

        Raises
        ------
        MasterKeyMissing
            If the master key that sealed it is not there.
        """
        assert self.wrapped_key is not None  # noqa: S101 - the table's check; only asked where something is sealed
        return unwrap(known_keys(settings), self.user_id, self.wrapped_key)


@dataclass(frozen=True, slots=True)
class Login:
    """What opens an account, and the name that Garmin's addresses call it by."""

    tokens: str = field(repr=False)
    display_name: str | None

    def sealed(self, key: DataKey) -> bytes:
        """Encrypt it for the database."""
        return key.seal(TOKENS, json.dumps([self.tokens, self.display_name]).encode())

    @classmethod
    def unsealed(cls, key: DataKey, sealed: bytes) -> Self:
        """Decrypt it."""
        return cls(*json.loads(key.unseal(TOKENS, sealed)))


COLUMNS = (
    "people.user_id, people.name, coalesce(state, 'disconnected') as state, reason, "
    "coalesce(region, 'global') as region, account_id, wrapped_key, encrypted_tokens, encrypted_login, "
    "coalesce(failures, 0) as failures, not_before, changed_at, rotated_at"
)


def accounts(connection: psycopg.Connection, person: Person | None = None) -> list[Account]:
    """Everyone's account, or one person's, those included who have none yet; the eldest person first."""
    with connection.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            f"select {COLUMNS} from ops.people left join ops.garmin_accounts using (user_id) "  # noqa: S608 - ours
            "where %(who)s::uuid is null or user_id = %(who)s order by people.created_at, people.name",
            {"who": person and person.user_id},
        ).fetchall()


def account_of(connection: psycopg.Connection, person: Person) -> Account:
    """One person's account."""
    [account] = accounts(connection, person)
    return account


def lock_account(connection: psycopg.Connection, person: Person) -> Account:
    """One person's account, which nobody else may change until the transaction ends."""
    connection.execute(
        "insert into ops.garmin_accounts (user_id, state) values (%s, 'disconnected') on conflict do nothing",
        [person.user_id],
    )
    connection.execute("select from ops.garmin_accounts where user_id = %s for update", [person.user_id])
    return account_of(connection, person)


@contextmanager
def session(database: Database, settings: Settings, person: Person) -> Iterator[Any]:
    """Open a session with a person's Garmin account; opening it asks Garmin for nothing but due new tokens.

    Parameters
    ----------
    database
        Holds the account.
    settings
        Hold the master key, or the home in which it lies.
    person
        Whose account.

    Yields
    ------
    garminconnect.Garmin
        Logged in. Tokens that it renews are stored at once, whatever becomes of the work.

    Raises
    ------
    GarminAuthError
        If the account is not connected (then nothing was asked), or Garmin refuses it: it needs a new login.
    GarminRateLimited, GarminUnavailable
        If the work let such an error of the library escape; the account stays connected.
    """
    from santorio.ingest.garmin.client import garmin_over

    with database.connect() as connection:
        account = account_of(connection, person)
    if account.state is not State.CONNECTED:
        raise auth_error(account)
    keeper = _Keeper(database, settings, person, account)
    garmin = garmin_over(keeper.client, display_name=keeper.login.display_name)
    try:
        with library_errors(keeper.stopped):
            keeper.client.renew_if_old()
            yield garmin
    finally:
        keeper.save()


class _Keeper:
    """Keeps the tokens of one session and of the database the same."""

    def __init__(self, database: Database, settings: Settings, person: Person, account: Account) -> None:
        from santorio.ingest.garmin.client import StoredClient

        assert account.encrypted_tokens is not None  # noqa: S101 - the table's check: it is connected
        self.database, self.settings, self.person = database, settings, person
        self.key = account.data_key(settings)
        self.sealed = account.encrypted_tokens
        self.login = Login.unsealed(self.key, self.sealed)
        self.client = StoredClient(china=account.region is Region.CHINA, url=settings.garmin_url)
        self.client.loads(self.login.tokens)
        self.client.renew = self._renew

    def _renew(self, client: Any) -> None:
        """Take the tokens that another process stored, else rotate ours; nobody else does meanwhile."""
        from garminconnect import GarminConnectAuthenticationError

        with self.database.connect() as connection:
            account = lock_account(connection, self.person)
            if account.state is not State.CONNECTED or account.encrypted_tokens is None:
                client.refused = True
                raise GarminConnectAuthenticationError("The account was disconnected meanwhile")
            if account.encrypted_tokens != self.sealed:
                self.key, self.sealed = account.data_key(self.settings), account.encrypted_tokens
                client.loads(Login.unsealed(self.key, self.sealed).tokens)
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
        """Store tokens that could not be stored when they came, unless the account has others by now."""
        if not self.client.unsaved:
            return
        with self.database.connect() as connection:
            account = lock_account(connection, self.person)
            if account.state is State.CONNECTED and account.encrypted_tokens == self.sealed:
                self._write(connection)

    def _write(self, connection: psycopg.Connection) -> None:
        sealed = Login(self.client.dumps(), self.login.display_name).sealed(self.key)
        connection.execute(
            "update ops.garmin_accounts set encrypted_tokens = %s, rotated_at = clock_timestamp() where user_id = %s",
            [sealed, self.person.user_id],
        )
        connection.commit()
        self.sealed, self.client.unsaved = sealed, False

    def stopped(self) -> GarminAuthError | None:
        """Stop the account where Garmin refuses it altogether, and say so; None where it refused one request.

        A refused renewal has stopped it already. A 401 of one address is tried on the profile, which every
        accepted login may read, if need be with new tokens.
        """
        self.client.renewed_at = None
        failure = None if self.client.refused else _failure(self.client.profile)
        if not self.client.refused and status_of(failure) != 401:
            return None
        self.client.refused = True
        with self.database.connect() as connection:
            if lock_account(connection, self.person).encrypted_tokens == self.sealed:
                _stop(connection, self.person)
            return auth_error(account_of(connection, self.person))


def _stop(connection: psycopg.Connection, person: Person) -> None:
    connection.execute(
        "update ops.garmin_accounts set state = 'needs_login', reason = 'revoked', changed_at = clock_timestamp() "
        "where user_id = %s and state = 'connected'",
        [person.user_id],
    )


def _failure(request: Any) -> Exception | None:
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
    """Say that an account is not connected, and what to do."""
    return GarminAuthError(
        account.what,
        hint=account.what_to_do,
        details={"person": account.name, "state": account.state.value, "reason": account.reason},
    )


@contextmanager
def library_errors(refused: Callable[[], GarminAuthError | None]) -> Iterator[None]:
    """Turn the library's errors into ours. Its texts stay out: they quote addresses and Garmin's answers.

    Parameters
    ----------
    refused
        Says, where a request was refused as not logged in, what became of the login; None if it still stands.
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
    """Say that Garmin wants fewer requests."""
    return GarminRateLimited("Garmin asks us to slow down.", hint=TRANSIENT_HINT)


def unavailable(status: int | None) -> SourceError:
    """Say that Garmin did not answer as it should."""
    said = f" (HTTP {status})" if status else ""
    return GarminUnavailable(f"Garmin did not answer as it should{said}.", hint=TRANSIENT_HINT)
