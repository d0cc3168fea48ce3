"""One call to Garmin: its answer becomes events and rows of the ledger, in one transaction.

A process killed at any point has whole calls or none: the next sync asks for the rest, and doubles nothing.
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

from santorio.errors import RejectedRecord, SantorioError
from santorio.ingest.formats.garmin.parser import RequestContext, parse_answer
from santorio.ingest.garmin import ledger, reload_requests
from santorio.ingest.garmin.sync_plan import Call
from santorio.ingest.garmin.throttle import Throttle, classify_failure, error_code
from santorio.ingest.importer import import_file
from santorio.ingest.quarantine import note_rejection
from santorio.people import Person
from santorio.storage.event_log import Event, WriteResult, lock_person, write_events
from santorio.storage.object_store import ObjectStore
from santorio.storage.parse_result import ParseResult, Rejection

# Changes with every sync of the watch, on days long past as well.
VOLATILE = ("lastSyncTimestampGMT",)
PROFILE = "/userprofile-service/socialProfile"
READER_FAILED = "Santorio failed to read this answer. It was kept aside; please report it as a bug."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call gave: counts, and a code where it failed."""

    written: WriteResult = field(default_factory=WriteResult)
    rejected: int = 0
    error: str | None = None


@dataclass(slots=True)
class Fetcher:
    """Makes the calls of one person, and keeps what they give."""

    connection: psycopg.Connection = field(repr=False)
    store: ObjectStore = field(repr=False)
    person: Person
    client: Any = field(repr=False)
    throttle: Throttle
    today: dt.date
    now: dt.datetime

    def fetch(self, call: Call) -> Outcome:
        """Make one call and commit what came of it, also a failure.

        Raises
        ------
        GarminConnectAuthenticationError
            If Garmin refuses the login altogether.
        GarminRateLimited, BudgetSpent
            If no request may be made now; nothing is noted then, for nothing was asked.
        StorageError
            If the database or the object store fails.
        """
        try:
            answer = self._ask(call)
        except (SantorioError, psycopg.Error):
            raise
        except Exception as error:  # noqa: BLE001 - the library raises anything where an answer has another shape
            return self._failed(call, error)
        if call.endpoint.kind == "activity_file":
            return self._keep_file(call, answer)
        return self._keep(call, answer)

    def _ask(self, call: Call) -> object:
        method = getattr(self.client, call.endpoint.method)
        arguments: tuple[object, ...] = call.endpoint.filled(call.first, call.last, call.activity)
        if call.endpoint.kind == "activity_file":
            arguments = (*arguments, self.client.ActivityDownloadFormat.ORIGINAL)
        return method(*arguments)

    def _failed(self, call: Call, error: Exception) -> Outcome:
        what = classify_failure(error)
        if what == "absent":
            return self._keep(call, None)
        if what == "refused_login" and self._is_login_refused():
            raise error
        code = "changed_schema" if what is None else error_code(error)
        with self.connection.transaction():
            ledger.record_failure(self.connection, self.person, call, code)
        return Outcome(error=code)

    def _is_login_refused(self) -> bool:
        """Tell a login that ended from one address that is closed to this account."""
        try:
            self.client.connectapi(PROFILE)
        except (SantorioError, psycopg.Error):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return classify_failure(error) == "refused_login"
        return False

    def _keep(self, call: Call, answer: object) -> Outcome:
        parsed = self._read(call, answer)
        refusals = [one for one in parsed.rejections if one.status == "open"]
        sha256 = self.store.put(_as_it_came(answer)) if refusals else None
        with self.connection.transaction():
            lock_person(self.connection, self.person.user_id)
            told = [event for event in parsed.events if not self._has_series(call, event)]
            written = write_events(self.connection, told)
            if any(reload_requests.is_archived(call.endpoint.kind, event.data) for event in told):
                reload_requests.notice(self.connection, self.person, call.last, self.today)
            for refusal in refusals:
                note_rejection(self.connection, self.person, _name(call), sha256, refusal)
            error = refusals[0].code if refusals else None
            if call.activity is None:
                ledger.record_days(
                    self.connection, self.person, call, _by_day(call, parsed.events), self.today, error
                )
            else:
                is_empty = not parsed.events
                ledger.record_activity(self.connection, self.person, call, is_empty=is_empty, error=error)
        return Outcome(written, len(refusals), error)

    def _has_series(self, call: Call, event: Event) -> bool:
        """Whether Garmin has put a series away that the log has: its lack says nothing new, and replaces nothing."""
        if not reload_requests.is_archived(call.endpoint.kind, event.data):
            return False
        row = self.connection.execute(
            "select data from raw.events where event_id = %s order by ingested_at desc limit 1",
            [event.event_id],
        ).fetchone()
        # A series that was thinned was there.
        return row is not None and bool(
            row[0].get(reload_requests.MARKER_FIELDS[call.endpoint.kind][0]) or row[0].get("thinned")
        )

    def _read(self, call: Call, answer: object) -> ParseResult:
        try:
            return _sound(parse_answer(call.endpoint, answer, asked(call), self.person, self.now))
        except Exception:  # noqa: BLE001 - a fault of the reader is about this answer, and must not stop the others
            return ParseResult(
                kind=call.endpoint.kind, rejections=[Rejection("reader_failed", READER_FAILED)]
            )

    def _keep_file(self, call: Call, answer: object) -> Outcome:
        """Take in an activity's original as if it had been dropped into the inbox: one reader for all files."""
        if not isinstance(answer, bytes) or not answer:
            return self._keep(call, None)
        with _file(f"{call.activity}.zip", answer) as path, self.connection.transaction():
            # The file itself does not say which of the account's activities it is.
            about = {"garmin_activity_id": str(call.activity)}
            made, _ = import_file(
                self.connection, self.store, self.person, path, self.now, keep_all=True, about=about
            )
            # What cannot be read is in the store and in ops.rejected_records: to ask for it again would not help.
            is_empty = made.outcome in {"empty", "rejected"}
            ledger.record_activity(self.connection, self.person, call, is_empty=is_empty, error=None)
        refusals = [one for one in made.rejected if one.status == "open"]
        return Outcome(WriteResult(made.events_new, 0, made.events_unchanged), len(refusals))


def asked(call: Call) -> RequestContext:
    """Name what an answer is about, for those that do not say it themselves."""
    if call.activity is not None:
        return RequestContext(day=call.last, item=str(call.activity))
    if call.endpoint.grain == "account":
        return RequestContext(item="now")
    return RequestContext(day=call.first if call.endpoint.span_days == 1 else None)


def _as_it_came(answer: object) -> bytes:
    try:
        return orjson.dumps(answer)
    except TypeError:
        # Half an emoji (Garmin cuts names), or a number of more than 64 bits.
        return json.dumps(answer).encode()


def _name(call: Call) -> str:
    about = call.activity or (call.first if call.first == call.last else f"{call.first} to {call.last}")
    return f"Garmin {call.endpoint.kind} of {about}"


def _sound(parsed: ParseResult) -> ParseResult:
    """Put aside the events that the log cannot keep."""
    sound: list[Event] = []
    for event in parsed.events:
        try:
            _ = (event.document, event.content_hash)
        except RejectedRecord as error:
            parsed.rejections.append(Rejection(error.code, str(error), event.event_type))
        else:
            sound.append(event)
    parsed.events = sound
    return parsed


def _by_day(call: Call, events: Sequence[Event]) -> Mapping[dt.date, ledger.Answer]:
    """What came for each day that was asked for; days of which nothing came have an empty answer."""
    found: dict[dt.date, list[Event]] = {day: [] for day in call.days}
    for event in events:
        stated = event.metadata["day"]
        day = (
            dt.date.fromisoformat(str(stated))
            if stated is not None and call.endpoint.span_days > 1
            else call.last
        )
        if day in found:  # weigh-ins bring their neighbours, of days not asked for
            found[day].append(event)
    return {
        day: ledger.Answer(_digest(ours), [event.document.decode() for event in ours])
        for day, ours in found.items()
    }


def _digest(events: Sequence[Event]) -> bytes | None:
    """Return one hash of a day's answer, which stays while nothing in it changes that matters."""
    hashes = sorted(
        replace(
            event, data={key: value for key, value in event.data.items() if key not in VOLATILE}
        ).content_hash
        if any(key in event.data for key in VOLATILE)
        else event.content_hash
        for event in events
    )
    if not hashes:
        return None
    return hashes[0] if len(hashes) == 1 else hashlib.sha256(b"".join(hashes)).digest()


@contextlib.contextmanager
def _file(name: str, data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="santorio-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path
