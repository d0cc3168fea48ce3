"""Make a call to Garmin: its response becomes events and rows of the coverage ledger, in one transaction.

A process killed at any point leaves complete calls or none. The next sync makes the rest, and is idempotent.
"""

import contextlib
import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import psycopg

from santorio.errors import SantorioError
from santorio.ingest import quarantine
from santorio.ingest.formats.garmin.parser import RequestContext, parse_answer
from santorio.ingest.garmin import ledger, reload_requests
from santorio.ingest.garmin.sync_plan import Call
from santorio.ingest.garmin.throttle import Throttle, classify_failure, error_code
from santorio.ingest.importer import import_file
from santorio.people import Person
from santorio.storage.database.locks import lock_person
from santorio.storage.event_log import Event, WriteResult, write_events
from santorio.storage.object_store import ObjectStore
from santorio.storage.parse_result import ParseResult, Rejection, reject_unstorable

# Changes with every sync of the watch, on days long past too.
VOLATILE_FIELDS = ("lastSyncTimestampGMT",)
PROFILE = "/userprofile-service/socialProfile"
READER_FAILED = "Santorio failed to parse this response. It was quarantined; please report this as a bug."


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a call: counts, and a code where it failed."""

    written: WriteResult = field(default_factory=WriteResult)
    rejected: int = 0
    error: str | None = None


@dataclass(slots=True)
class Fetcher:
    """Makes the calls of one person and stores what they return."""

    connection: psycopg.Connection = field(repr=False)
    store: ObjectStore = field(repr=False)
    person: Person
    client: Any = field(repr=False)
    throttle: Throttle
    today: dt.date
    now: dt.datetime

    def fetch(self, call: Call) -> Outcome:
        """Make a call and commit its result; a failure is a result too.

        Raises
        ------
        GarminConnectAuthenticationError
            If Garmin refuses the login altogether.
        GarminRateLimited, BudgetSpent
            If no request may be made now. Nothing is recorded then, because nothing was requested.
        StorageError
            If the database or the object store fails.
        """
        try:
            response = self._request(call)
        except (SantorioError, psycopg.Error):
            raise
        except Exception as error:  # noqa: BLE001 - the library raises anything for a response of another shape
            return self._record_failure(call, error)
        if call.endpoint.kind == "activity_file":
            return self._store_file(call, response)
        return self._store(call, response)

    def _request(self, call: Call) -> object:
        method = getattr(self.client, call.endpoint.method)
        arguments: tuple[object, ...] = call.endpoint.filled(call.first, call.last, call.activity)
        if call.endpoint.kind == "activity_file":
            arguments = (*arguments, self.client.ActivityDownloadFormat.ORIGINAL)
        return method(*arguments)

    def _record_failure(self, call: Call, error: Exception) -> Outcome:
        failure = classify_failure(error)
        if failure == "not_found":
            return self._store(call, None)
        if failure == "unauthorized" and self._is_login_refused():
            raise error
        code = "changed_schema" if failure is None else error_code(error)
        with self.connection.transaction():
            ledger.record_failure(self.connection, self.person, call, code)
        return Outcome(error=code)

    def _is_login_refused(self) -> bool:
        """Whether a 401 means that the login has ended, and not that this account may not read one endpoint.

        Every login that Garmin accepts may read the profile.
        """
        try:
            self.client.connectapi(PROFILE)
        except (SantorioError, psycopg.Error):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return classify_failure(error) == "unauthorized"
        return False

    def _store(self, call: Call, response: object) -> Outcome:
        result = self._parse(call, response)
        rejections = [rejection for rejection in result.rejections if rejection.status == "open"]
        sha256: str | None = None
        error: str | None = None
        if rejections:
            # The original is stored before any row points to it.
            sha256 = self.store.put(_as_bytes(response))
            error = rejections[0].code
        with self.connection.transaction():
            lock_person(self.connection, self.person.user_id)
            events = [event for event in result.events if not self._lacks_stored_series(call, event)]
            written = write_events(self.connection, events)
            if any(reload_requests.is_archived(call.endpoint.kind, event.data) for event in events):
                reload_requests.record(self.connection, self.person, call.last, self.today)
            for rejection in rejections:
                quarantine.add(self.connection, self.person, _source_name(call), sha256, rejection)
            if call.activity is None:
                answers = _answers_by_day(call, result.events)
                ledger.record_days(self.connection, self.person, call, answers, self.today, error)
            else:
                is_empty = not result.events
                ledger.record_activity(self.connection, self.person, call, is_empty=is_empty, error=error)
        return Outcome(written, len(rejections), error)

    def _lacks_stored_series(self, call: Call, event: Event) -> bool:
        """Whether Garmin has archived a series that the log has: then the response without it replaces nothing."""
        if not reload_requests.is_archived(call.endpoint.kind, event.data):
            return False
        row = self.connection.execute(
            "select data from raw.events where event_id = %s order by ingested_at desc limit 1",
            [event.event_id],
        ).fetchone()
        if row is None:
            return False
        series, _ = reload_requests.MARKER_FIELDS[call.endpoint.kind]
        # A series that retention has downsampled was there.
        return bool(row[0].get(series) or row[0].get("thinned"))

    def _parse(self, call: Call, response: object) -> ParseResult:
        try:
            result = parse_answer(call.endpoint, response, request_context(call), self.person, self.now)
            reject_unstorable(result)
        except Exception:  # noqa: BLE001 - a parser's bug concerns this response alone and must not stop the others
            return ParseResult(call.endpoint.kind, rejections=[Rejection("reader_failed", READER_FAILED)])
        return result

    def _store_file(self, call: Call, response: object) -> Outcome:
        """Import an activity's original as if it had been dropped into the inbox: one parser for all files."""
        if not isinstance(response, bytes) or not response:
            return self._store(call, None)
        with _temporary_file(f"{call.activity}.zip", response) as path, self.connection.transaction():
            # The file itself does not say which of the account's activities it is.
            metadata = {"garmin_activity_id": str(call.activity)}
            file = import_file(
                self.connection,
                self.store,
                self.person,
                path,
                self.now,
                keep_original=True,
                metadata=metadata,
            )
            # A file that cannot be parsed is in the store and quarantined: fetching it again would not help.
            is_empty = file.outcome in {"empty", "rejected"}
            ledger.record_activity(self.connection, self.person, call, is_empty=is_empty, error=None)
        rejections = [rejection for rejection in file.rejected if rejection.status == "open"]
        return Outcome(WriteResult(file.events_new, 0, file.events_unchanged), len(rejections))


def request_context(call: Call) -> RequestContext:
    """Return what a response is about, for those that do not say it themselves."""
    if call.activity is not None:
        return RequestContext(day=call.last, item=str(call.activity))
    if call.endpoint.grain == "account":
        return RequestContext(item="now")
    if call.endpoint.span_days > 1:
        # Each payload of a range states its own day.
        return RequestContext()
    return RequestContext(day=call.first)


def _as_bytes(response: object) -> bytes:
    try:
        return orjson.dumps(response)
    except TypeError:
        # Half a surrogate pair (Garmin cuts names within an emoji), or a number of more than 64 bits.
        return json.dumps(response).encode()


def _source_name(call: Call) -> str:
    """Name a response where a file would have its name."""
    kind = call.endpoint.kind
    if call.activity is not None:
        return f"Garmin {kind} of {call.activity}"
    if call.first == call.last:
        return f"Garmin {kind} of {call.first}"
    return f"Garmin {kind} of {call.first} to {call.last}"


def _answers_by_day(call: Call, events: Sequence[Event]) -> Mapping[dt.date, ledger.Answer]:
    """Return the answer for each requested day; a day that is not in the response has an empty answer."""
    events_by_day: dict[dt.date, list[Event]] = {day: [] for day in call.days}
    for event in events:
        day = call.last
        stated = event.metadata["day"]
        if stated is not None and call.endpoint.span_days > 1:
            day = dt.date.fromisoformat(str(stated))
        # Weigh-ins bring their neighbours, of days that were not requested.
        if day in events_by_day:
            events_by_day[day].append(event)
    answers: dict[dt.date, ledger.Answer] = {}
    for day, of_day in events_by_day.items():
        documents = [event.document.decode() for event in of_day]
        answers[day] = ledger.Answer(_digest(of_day), documents)
    return answers


def _digest(events: Sequence[Event]) -> bytes | None:
    """Return the hash of a day's answer, which stays the same while nothing that matters changes."""
    # Sorted: the order of the entries does not matter.
    hashes = sorted(_stable_hash(event) for event in events)
    if not hashes:
        return None
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256(b"".join(hashes)).digest()


def _stable_hash(event: Event) -> bytes:
    """Hash an event without the fields that change although nothing was measured."""
    if not any(name in event.data for name in VOLATILE_FIELDS):
        return event.content_hash
    stable = {name: value for name, value in event.data.items() if name not in VOLATILE_FIELDS}
    return replace(event, data=stable).content_hash


@contextlib.contextmanager
def _temporary_file(name: str, data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="santorio-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path
