"""A sync: bring the event log and the coverage ledger up to date with Garmin, for people with a connected account.

It can be stopped at any point and resumes where it was. One person's failure never affects another's.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import psycopg

from santorio import local_time as local
from santorio.errors import ConfigError, GarminUnavailable, SantorioError, StorageError
from santorio.ingest.garmin import device_uploads, ledger, reload_requests
from santorio.ingest.garmin.endpoints import BY_KIND, ENDPOINTS, Endpoint
from santorio.ingest.garmin.fetch import Fetcher, Outcome
from santorio.ingest.garmin.sync_plan import Call, Window, plan, plan_activities
from santorio.ingest.garmin.throttle import RequestPolicy, Throttle
from santorio.people import Person, all_people
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import try_lock_sync, unlock_sync
from santorio.storage.event_log import WriteResult
from santorio.storage.object_store import ObjectStore

logger = logging.getLogger(__name__)

# The first sync of an account fetches its last four weeks; --since fetches older days.
FIRST_SYNC_DAYS = 28
# Days are fetched a month at a time, the newest first, all kinds of a month together.
MONTH_DAYS = 28
# A provisional day is due again after this, or when the watch has uploaded: otherwise a backfill of a few requests
# at a time would spend them all on the newest days.
PROVISIONAL_INTERVAL = dt.timedelta(hours=3)
# This many failed calls in a row mean that Garmin is down.
MAX_CONSECUTIVE_FAILURES = 5
# A kind that fails this often in a row has changed: the rest of it waits for the next sync.
MAX_FAILURES_PER_KIND = 3

SyncStatus = Literal[
    "done", "paused", "stopped", "needs_login", "rate_limited", "unavailable", "busy", "failed"
]
STATUS_BY_ERROR_CODE: dict[str, SyncStatus] = {
    "garmin_auth": "needs_login",
    "garmin_rate_limited": "rate_limited",
    "garmin_unavailable": "unavailable",
    "budget_spent": "stopped",
}


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """Limits of a sync; None is no limit.

    Parameters
    ----------
    since, until
        Days, both included. An earlier `since` than before is remembered: later syncs fill up to it.
    kinds
        Kinds of `endpoints.py`; those that are off by default are fetched only when they are named.
    max_requests
        For each person.
    """

    since: dt.date | None = None
    until: dt.date | None = None
    kinds: tuple[str, ...] | None = None
    max_requests: int | None = None

    @property
    def endpoints(self) -> list[Endpoint]:
        """The endpoints to fetch.

        Raises
        ------
        ConfigError
            If there is no such kind.
        """
        if self.kinds is None:
            return [endpoint for endpoint in ENDPOINTS if endpoint.is_default]
        if unknown := sorted(set(self.kinds) - set(BY_KIND)):
            raise ConfigError(
                f"Unknown kind: {', '.join(unknown)}.", hint=f"Use one of: {', '.join(BY_KIND)}."
            )
        return [endpoint for endpoint in ENDPOINTS if endpoint.kind in self.kinds]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one person's sync is: calls made, of how many that were planned so far."""

    person: str
    done: int
    total: int
    kind: str
    day: dt.date


@dataclass(slots=True)
class SyncReport:
    """What a sync did for one person: counts, how it ended, and what can be done about it.

    Days are counted once for each kind. `gaps` are the days that are still missing or failed, by kind, and
    `calls_left` the calls that they need.
    """

    person: str
    status: SyncStatus = "done"
    message: str = ""
    requests: int = 0
    calls: int = 0
    calls_left: int = 0
    events: WriteResult = field(default_factory=WriteResult)
    rejected: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    days_settled: int = 0
    days_provisional: int = 0
    days_failed: int = 0


def connected_people(connection: psycopg.Connection) -> list[Person]:
    """Return all people with an account, including those whose login must be renewed."""
    from santorio.ingest.garmin.account import State, accounts

    connected: set[UUID] = set()
    for account in accounts(connection):
        if account.state is not State.DISCONNECTED:
            connected.add(account.user_id)
    return [person for person in all_people(connection) if person.user_id in connected]


def sync_people(
    database: Database,
    store: ObjectStore,
    settings: Settings,
    people: Iterable[Person],
    options: SyncOptions,
    *,
    policy: RequestPolicy | None = None,
    progress: Callable[[Progress], None] | None = None,
    now: dt.datetime | None = None,
) -> list[SyncReport]:
    """Sync people one after the other; a failure goes into the person's report, and the next person follows.

    Raises
    ------
    ConfigError
        If there is no such kind.
    StorageError
        If our own database or object store fails, which concerns everyone.
    """
    endpoints = options.endpoints
    policy = policy or RequestPolicy(per_second=settings.garmin_requests_per_second)
    reports: list[SyncReport] = []
    for person in people:
        report = SyncReport(person.name)
        reports.append(report)
        started_at = now or dt.datetime.now(dt.UTC)
        sync = _Sync(
            database, store, settings, person, options, endpoints, policy, progress, started_at, report
        )
        _sync_guarded(sync)
        if report.status == "paused":
            break
    return reports


def _sync_guarded(sync: "_Sync") -> None:
    """Run a sync; an error becomes the report's message, unless it is our own storage that fails."""
    report = sync.report
    try:
        sync.run()
    except KeyboardInterrupt:
        report.message = "Paused. `santorio sync` resumes where it stopped."
    except (StorageError, psycopg.Error):
        raise
    except SantorioError as error:
        report.message = str(error)
    except Exception as error:  # noqa: BLE001 - one person's failure never affects another's
        # Its text may quote a payload: only its type is logged.
        logger.error("The sync of one person failed: %s", type(error).__name__)  # noqa: TRY400
        report.status = "failed"
        report.message = (
            f"Santorio failed ({type(error).__name__}). What was fetched is kept. "
            "Please report this as a bug."
        )


def status_of_error(error: BaseException) -> SyncStatus:
    """Return the status of a sync that this error stopped."""
    if isinstance(error, KeyboardInterrupt):
        return "paused"
    if isinstance(error, SantorioError):
        return STATUS_BY_ERROR_CODE.get(error.code, "failed")
    return "failed"


@dataclass(slots=True)
class _Sync:
    """The sync of one person."""

    database: Database
    store: ObjectStore
    settings: Settings
    person: Person
    options: SyncOptions
    endpoints: Sequence[Endpoint]
    policy: RequestPolicy
    progress: Callable[[Progress], None] | None
    now: dt.datetime
    report: SyncReport
    expected: int = 0
    consecutive_failures: int = 0
    failures_of_kind: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Fetch everything that is due, until an error or the limit on requests stops it."""
        with self.database.connect(autocommit=True) as connection:
            if not try_lock_sync(connection, self.person.user_id):
                self.report.status, self.report.message = "busy", "Another sync of this person is running."
                return
            window = self._window(connection)
            self._begin(connection, window)
            throttle = Throttle(connection, self.person.user_id, self.policy, self.options.max_requests)
            try:
                self._fetch_all(connection, throttle, window)
            except BaseException as error:
                self.report.status = status_of_error(error)
                raise
            finally:
                self.report.requests = throttle.requests
                self._end(connection, window)
                # Closing the connection would release the lock too, but only a moment later.
                unlock_sync(connection, self.person.user_id)

    def _fetch_all(self, connection: psycopg.Connection, throttle: Throttle, window: Window) -> None:
        from santorio.ingest.garmin.account import session

        with session(self.database, self.settings, self.person) as client:
            throttle.attach(client)
            fetcher = Fetcher(connection, self.store, self.person, client, throttle, window.today, self.now)
            device_uploads.mark_days_since_upload(
                connection, self.person, client, window, PROVISIONAL_INTERVAL
            )
            self.expected = len(self._due(connection, window))
            for month in month_windows(window):
                self._fetch_month(connection, fetcher, window, month)
            if any(endpoint.kind in reload_requests.KINDS for endpoint in self.endpoints):
                reload_requests.request_reloads(connection, self.person, client, window)

    def _fetch_month(
        self, connection: psycopg.Connection, fetcher: Fetcher, window: Window, month: Window
    ) -> None:
        """Fetch one month: ranges first, for they show which days changed and which activities there are."""
        ranged: list[Endpoint] = []
        daily: list[Endpoint] = []
        for endpoint in self.endpoints:
            if endpoint.span_days > 1 or endpoint.grain == "account":
                ranged.append(endpoint)
            elif endpoint.grain == "days":
                daily.append(endpoint)
        # A range call may reach back into the months before, which are then fetched already.
        reach = Window(window.first, month.last, window.today)
        calls = plan(ranged, self._statuses(connection, reach), reach)
        self._execute(fetcher, [call for call in calls if call.last >= month.first])
        # The ranges may have made days provisional: the ledger is read again.
        self._execute(fetcher, plan(daily, self._statuses(connection, month), month))
        self._execute(fetcher, self._due_activities(connection, month))

    def _due(
        self, connection: psycopg.Connection, window: Window, *, is_provisional_due: bool = True
    ) -> list[Call]:
        statuses = self._statuses(connection, window)
        if not is_provisional_due:
            for kind_and_day, status in statuses.items():
                if status == "provisional":
                    statuses[kind_and_day] = "final"
        return plan(self.endpoints, statuses, window) + self._due_activities(connection, window)

    def _statuses(self, connection: psycopg.Connection, window: Window) -> ledger.Statuses:
        return ledger.statuses(
            connection, self.person, window.first, window.last, not_due_for=PROVISIONAL_INTERVAL
        )

    def _due_activities(self, connection: psycopg.Connection, window: Window) -> list[Call]:
        if not any(endpoint.grain == "activity" for endpoint in self.endpoints):
            return []
        listed = ledger.listed_activities(connection, self.person, window.first, window.last)
        fetched = ledger.fetched_activities(connection, self.person, window.first, window.last)
        return plan_activities(self.endpoints, listed, fetched)

    def _execute(self, fetcher: Fetcher, calls: Sequence[Call]) -> None:
        for call in calls:
            if self.failures_of_kind[call.endpoint.kind] < MAX_FAILURES_PER_KIND:
                self._record(call, fetcher.fetch(call))

    def _record(self, call: Call, outcome: Outcome) -> None:
        """Count a call and what it returned; stop the sync when Garmin seems to be down."""
        report, kind = self.report, call.endpoint.kind
        report.calls += 1
        report.events += outcome.written
        report.rejected += outcome.rejected
        if self.progress:
            # Activities that the sync discovers add calls to those that were expected.
            total = max(self.expected, report.calls)
            self.progress(Progress(self.person.name, report.calls, total, kind, call.last))
        if outcome.error is None:
            self.consecutive_failures = self.failures_of_kind[kind] = 0
            return
        report.failures[outcome.error] += 1
        self.failures_of_kind[kind] += 1
        self.consecutive_failures += 1
        if self.consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            raise GarminUnavailable(
                f"Garmin did not answer {self.consecutive_failures} calls in a row ({outcome.error}).",
                hint="What was fetched is kept: run `santorio sync` again later.",
            )

    def _window(self, connection: psycopg.Connection) -> Window:
        """Return the days to sync: those of the options, else since the earliest day of any sync before."""
        today = local.today(connection, self.person, self.now)
        last = min(self.options.until or today, today)
        first = self.options.since or self._remembered_since(connection)
        if first is None:
            first = today - dt.timedelta(days=FIRST_SYNC_DAYS - 1)
        return Window(min(first, last), last, today)

    def _remembered_since(self, connection: psycopg.Connection) -> dt.date | None:
        row = connection.execute(
            "select since from ops.garmin_syncs where user_id = %s", [self.person.user_id]
        ).fetchone()
        return row[0] if row else None

    def _begin(self, connection: psycopg.Connection, window: Window) -> None:
        connection.execute(
            """
            insert into ops.garmin_syncs as syncs (user_id, since, started_at)
            values (%s, %s, clock_timestamp())
            on conflict (user_id) do update set since = least(syncs.since, excluded.since),
              started_at = excluded.started_at, ended_at = null, outcome = null
            """,
            [self.person.user_id, window.first],
        )

    def _end(self, connection: psycopg.Connection, window: Window) -> None:
        statuses = ledger.statuses(connection, self.person, window.first, window.last)
        kinds = {endpoint.kind for endpoint in self.endpoints}
        counts = Counter(status for (kind, _), status in statuses.items() if kind in kinds)
        self.report.days_settled = counts["final"] + counts["empty"]
        self.report.days_provisional = counts["provisional"]
        self.report.days_failed = counts["failed"]
        self.report.gaps = count_gaps(self.endpoints, statuses, window)
        self.report.calls_left = len(self._due(connection, window, is_provisional_due=False))
        connection.execute(
            "update ops.garmin_syncs set ended_at = clock_timestamp(), outcome = %s, requests = requests + %s"
            " where user_id = %s",
            [self.report.status, self.report.requests, self.person.user_id],
        )


def count_gaps(
    endpoints: Iterable[Endpoint], statuses: Mapping[tuple[str, dt.date], str], window: Window
) -> Counter[str]:
    """Count the days of each kind that should be there and are not: never requested, or failed.

    Of single activities only failed days count: before the list is fetched, the days that have one are unknown.
    """
    gaps: Counter[str] = Counter()
    for endpoint in endpoints:
        days = window.days
        if endpoint.grain == "account":
            # The account's current state has one day only: today.
            days = [window.today]
        is_activity = endpoint.grain == "activity"
        for day in days:
            if day > window.last:
                continue
            status = statuses.get((endpoint.kind, day), "missing")
            if status == "failed" or (status == "missing" and not is_activity):
                gaps[endpoint.kind] += 1
    return gaps


def month_windows(window: Window) -> Iterator[Window]:
    """Cut a window into months, the newest first."""
    last = window.last
    while last >= window.first:
        first = max(window.first, last - dt.timedelta(days=MONTH_DAYS - 1))
        yield Window(first, last, window.today)
        last = first - dt.timedelta(days=1)
