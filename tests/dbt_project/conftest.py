"""A warehouse that real dbt built once for the session; every scenario is a person of its own in it."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from santorio.ingest.formats.garmin.parser import RequestContext, parse_answer
from santorio.ingest.garmin.endpoints import BY_KIND
from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events
from support.databases import database_of_its_own
from support.scenarios import Scenarios
from support.warehouse import TABLES, Warehouse, failures, publish_whole, run_dbt

Build = Callable[..., Any]


@pytest.fixture(scope="session")
def dbt_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="session")
def warehouse(server_url: str, built_template: str) -> Iterator[Database]:
    """The database that the session's tests of dbt share."""
    with database_of_its_own(server_url, built_template) as opened:
        yield opened


@pytest.fixture(scope="session")
def pending() -> list[Event]:
    """Events that the next build writes first, at once."""
    return []


@pytest.fixture(scope="session")
def build(warehouse: Database, dbt_folder: Path, pending: list[Event]) -> Build:
    """Write what is pending and run dbt's models; fails the test if anything in it fails."""

    def built(*arguments: str, command: str = "") -> Any:
        with warehouse.connect() as connection:
            write_events(connection, pending)
        pending.clear()
        if not arguments and not command:  # as the pipeline does: what arrived, and no more
            Warehouse(warehouse, dbt_folder).build(*TABLES)
            return None
        result = run_dbt(warehouse, dbt_folder, *([command] if command else TABLES), *arguments)
        assert failures(result) == []
        with warehouse.connect() as connection:
            publish_whole(connection)
        return result

    return built


@pytest.fixture
def newcomer(warehouse: Database) -> Person:
    """Somebody of whom nothing is known yet."""
    with warehouse.connect() as connection:
        return ensure_person(connection, f"person {uuid.uuid4().hex[:8]}", "Europe/Berlin")


class Log:
    """Makes one person's events, as the importers do; the next build writes them."""

    def __init__(self, person: Person, pending: list[Event]) -> None:
        self.person, self.pending = person, pending

    def garmin(
        self, kind: str, day: str, data: object, *, account: str = "7", key: str | None = None
    ) -> Event:
        start = dt.datetime.fromisoformat(f"{day}T00:00+01:00")
        metadata = {"garmin_account": account, "day": day}
        about = (f"garmin.{kind}", "garmin", f"{account}/{key or day}")
        return self._note(about, start, dt.timedelta(hours=1), data, metadata)

    def answer(self, kind: str, answer: object, day: dt.date | None, item: object = None) -> None:
        """Take in what the account answered, as the sync does; nothing of it may be refused."""
        asked = RequestContext(day=day, item=None if item is None else str(item))
        parsed = parse_answer(BY_KIND[kind], answer, asked, self.person, dt.datetime.now(dt.UTC))
        assert [one for one in parsed.rejections if one.status == "open"] == []
        self.pending += parsed.events

    def fit(self, key: str, data: object, metadata: dict[str, object] | None = None) -> Event:
        start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
        return self._note(("fit.activity", "fit", key), start, None, data, metadata)

    def track(self, key: str, data: object) -> Event:
        start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
        return self._note(("track.activity", "gpx", key), start, None, data)

    def entry(self, kind: str, time: str, **data: object) -> Event:
        moment = dt.datetime.fromisoformat(time)
        about = (kind, "log", f"{kind}/{data.get('name', '')}/{time}")
        return self._note(about, moment, moment.utcoffset(), data)

    def trial(self, kind: str, key: str, **data: object) -> Event:
        return self._note((f"trial.{kind}", "trial", key), dt.datetime(2026, 3, 1, tzinfo=dt.UTC), None, data)

    def delete(self, event: Event) -> None:
        data = {"event_id": str(event.event_id)}
        self._note(("deleted", "log", str(event.event_id)), dt.datetime.now(dt.UTC), None, data)

    def _note(
        self,
        about: tuple[str, str, str],
        time: dt.datetime,
        offset: dt.timedelta | None,
        data: Any,
        metadata: dict[str, object] | None = None,
    ) -> Event:
        event_type, source, key = about
        event = Event(self.person.user_id, time, offset, event_type, source, key, data, metadata or {})
        self.pending.append(event)
        return event


@pytest.fixture
def log(newcomer: Person, pending: list[Event]) -> Log:
    return Log(newcomer, pending)


@pytest.fixture(scope="session")
def log_of() -> type[Log]:
    """Makes the log of somebody whom the test itself made."""
    return Log


class Reader:
    """Reads one person's rows of a mart."""

    def __init__(self, database: Database, person: Person) -> None:
        self.database, self.person = database, person

    def __call__(
        self, table: str, columns: str = "*", order: str = "1", where: str = "true"
    ) -> list[dict[str, Any]]:
        query = f"select {columns} from {table} where user_id = %s and {where} order by {order}"
        with self.database.connect() as connection:
            return connection.cursor(row_factory=dict_row).execute(query, [self.person.user_id]).fetchall()  # type: ignore[arg-type]


@pytest.fixture
def rows(warehouse: Database, newcomer: Person) -> Reader:
    return Reader(warehouse, newcomer)


@pytest.fixture(scope="session")
def reader_of(warehouse: Database) -> Callable[[Person], Reader]:
    """Reads the rows of somebody whom the test itself made."""
    return lambda person: Reader(warehouse, person)


@pytest.fixture(scope="module")
def scenarios(
    request: pytest.FixtureRequest,
    warehouse: Database,
    build: Build,
    pending: list[Event],
    log_of: type[Log],
    reader_of: Callable[[Person], Reader],
) -> Scenarios:
    """The module's scenarios, each with a person of its own (see `support.scenarios`)."""

    def own() -> dict[str, Any]:
        with warehouse.connect() as connection:
            person = ensure_person(connection, f"person {uuid.uuid4().hex[:8]}", "Europe/Berlin")
        return {
            "newcomer": person,
            "log": Log(person, pending),
            "log_of": log_of,
            "rows": Reader(warehouse, person),
            "reader_of": reader_of,
            "warehouse": warehouse,
        }

    items = [item for item in request.session.items if item.path == request.path]
    return Scenarios(items, own, build)
