"""A simulated Garmin account, connected: the real client speaks HTTP to it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from santorio.ingest.garmin.account import Region
from santorio.ingest.garmin.login import LoginContext, use_token
from santorio.ingest.garmin.sync import SyncOptions, SyncReport, sync_people
from santorio.ingest.garmin.throttle import RequestPolicy
from santorio.people import Person, ensure_person
from santorio.settings import Settings
from santorio.simulator.files import simulate
from santorio.simulator.server import Account, GarminServer, run_server
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore, ObjectStore
from support.databases import database_of_its_own
from support.process_kill import without_files

LAST_DAY = dt.date(2026, 3, 20)
SINCE = dt.date(2026, 3, 15)
# Of what holds for every kind, these tell: two by the range, two by the day.
FEW = ("daily_summary", "steps", "sleep", "heart_rate")
EVENING = dt.datetime(2026, 3, 20, 21, tzinfo=dt.UTC)
FAST = RequestPolicy(
    per_second=5000,
    burst=5000,
    first_backoff_seconds=0.01,
    max_backoff_seconds=0.02,
    first_pause=dt.timedelta(seconds=0.3),
    breaker_timeout_seconds=3,
)


@dataclass
class Home:
    """Our side: where a person's data goes."""

    database: Database
    store: ObjectStore
    settings: Settings
    server: GarminServer
    account: Account
    people: list[Person] = field(default_factory=list)

    def connect(self, person: Person, account: Account | None = None) -> None:
        token = SecretStr(self.server.token(account or self.account))
        use_token(LoginContext(self.database, self.settings, person, Region.GLOBAL), token)
        self.people.append(person)

    def recover(self) -> None:
        self.server.faults.clear()
        without_files(self.server)
        with self.database.connect() as connection:
            connection.execute(
                "update ops.garmin_breaker set open_until = now()"
            )  # as if its pause were over

    def sync(
        self, *, policy: RequestPolicy = FAST, progress=None, later: bool = True, **options
    ) -> list[SyncReport]:
        if later:
            with self.database.connect() as connection:
                connection.execute("update ops.coverage set requested_at = requested_at - interval '4 hours'")
        self.server.requests.clear()
        return sync_people(
            self.database,
            self.store,
            self.settings,
            self.people,
            SyncOptions(**options),
            policy=policy,
            progress=progress,
            now=self.server.now,
        )

    def ledger(self, kind: str) -> dict[dt.date, str]:
        return dict(self.rows("select day, status from ops.coverage where kind = %s order by day", kind))

    def rows(self, query: str, *values: object) -> list[tuple]:
        with self.database.connect() as connection:
            return connection.execute(query, values).fetchall()

    def content(self) -> list[tuple]:
        """Everything in the log, however it came there: with its versions, without whose it is."""
        return self.rows(
            "select event_type, time, encode(content_hash, 'hex') from raw.events order by 1, 2, 3"
        )

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.server.requests]


@pytest.fixture(scope="session")
def account() -> Account:
    return Account("me@example.org", "correct-horse", simulate(days=40, seed=1, last_day=LAST_DAY))


@contextmanager
def simulated_garmin(*accounts: Account) -> Iterator[GarminServer]:
    with run_server(accounts, now=EVENING) as server:
        without_files(server)
        yield server


@contextmanager
def new_database(server_url: str) -> Iterator[Database]:
    with database_of_its_own(server_url) as opened:
        yield opened


@pytest.fixture
def other_database(server_url: str) -> Iterator[Database]:
    with new_database(server_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def undisturbed(server_url: str, account: Account, tmp_path_factory: pytest.TempPathFactory) -> list[tuple]:
    """What the log holds of few kinds after a sync of the last days in which nothing went wrong."""
    folder = tmp_path_factory.mktemp("home")
    with (
        new_database(server_url) as opened,
        simulated_garmin(account) as server,
        opened.connect() as connection,
    ):
        mine = ensure_person(connection, "me", "Europe/Berlin")
        connection.commit()
        settings = Settings(home=folder, timezone="Europe/Berlin", garmin_url=server.url)
        home = Home(opened, FolderStore(settings.objects_path), settings, server, account)
        home.connect(mine)
        [report] = home.sync(since=SINCE, kinds=FEW)
        assert report.status == "done"
        return home.content()


@pytest.fixture
def garmin(account: Account) -> Iterator[GarminServer]:
    with simulated_garmin(account) as server:
        yield server


@pytest.fixture
def garmin_settings(settings: Settings, garmin: GarminServer) -> Settings:
    return settings.model_copy(update={"garmin_url": garmin.url})


@pytest.fixture
def empty_home(
    database: Database, store: ObjectStore, garmin_settings: Settings, garmin: GarminServer, account: Account
) -> Home:
    return Home(database, store, garmin_settings, garmin, account)


@pytest.fixture
def my_home(empty_home: Home, person: Person) -> Home:
    empty_home.connect(person)
    return empty_home
