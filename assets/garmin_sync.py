"""Sync with Garmin accounts over the days of a run, people in chunks that executors can share.

Belongs here: the window, the chunks, the retries, the counts. Requests belong to the library.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import batched

import dagster as dg

from assets.partitions import garmin_days
from santorio.ingest.garmin import circuit_breaker
from santorio.ingest.garmin.sync import SyncOptions, SyncReport, connected_people, sync_people
from santorio.people import all_people
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.storage.object_store import ObjectStore

# People of a chunk are synced one after the other, each under their own rate limit; chunks may run in parallel.
PEOPLE_PER_CHUNK = 5
# After an outage of Garmin, or of our own database.
RETRIES = dg.RetryPolicy(
    max_retries=2, delay=300, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
# After a 429 no request is sent while the circuit breaker is open. A run waits at most this long for it, for no
# other run starts meanwhile; after a longer pause the schedule tries again.
MAX_WAIT_SECONDS = 600.0
# The schedule syncs every four hours: half a day without a response is late, two days are a fault.
FRESHNESS = dg.FreshnessPolicy.time_window(
    fail_window=dt.timedelta(hours=48), warn_window=dt.timedelta(hours=12)
)


@dg.op(out=dg.DynamicOut(list[str]), ins={"files": dg.In(dg.Nothing)})
def connected_people_chunks(database: dg.ResourceParam[Database]) -> Iterator[dg.DynamicOutput[list[str]]]:
    """People with a connected account, in chunks."""
    with database.connect() as connection:
        people = connected_people(connection)
    for number, chunk in enumerate(batched(people, PEOPLE_PER_CHUNK), start=1):
        yield dg.DynamicOutput([str(person.user_id) for person in chunk], mapping_key=f"chunk_{number}")


def options_for(days: tuple[dt.date, dt.date], today: dt.date) -> SyncOptions:
    """Bound a sync to a run's days; a run that reaches today (UTC) is about each person's own today.

    Partitions follow UTC: east of it a day has begun, and a night ended, hours before its partition is there.
    """
    first, last = days
    return SyncOptions(since=first, until=last if last < today else None)


@dg.op(retry_policy=RETRIES)
def sync_chunk(
    context: dg.OpExecutionContext,
    chunk: list[str],
    database: dg.ResourceParam[Database],
    object_store: dg.ResourceParam[ObjectStore],
    settings: dg.ResourceParam[Settings],
) -> dict[str, int]:
    """Sync the people of a chunk. One person's failure never affects another's; afterwards the chunk is retried."""
    window = context.partition_key_range
    days = (dt.date.fromisoformat(window.start), dt.date.fromisoformat(window.end))
    options = options_for(days, dt.datetime.now(dt.UTC).date())
    with database.connect() as connection:
        people = [person for person in all_people(connection) if str(person.user_id) in chunk]
    reports = sync_people(database, object_store, settings, people, options)
    counts = count(reports)
    context.log.info("Synced %d people: %s", len(reports), counts)
    statuses = {report.status for report in reports}
    if "rate_limited" in statuses:
        with database.connect() as connection:
            seconds = circuit_breaker.open_seconds(connection)
        if seconds <= MAX_WAIT_SECONDS:
            raise dg.RetryRequested(RETRIES.max_retries, seconds + 1)
    if statuses & {"rate_limited", "unavailable", "failed"}:
        raise dg.Failure(
            "The sync did not succeed for everyone.",
            metadata=counts,
            allow_retries="unavailable" in statuses,
        )
    return counts


def count(reports: Iterable[SyncReport]) -> dict[str, int]:
    """Add up what a sync did: people by how it ended, requests, events, days, and what is missing by kind."""
    totals: Counter[str] = Counter({"requests": 0, "events_new": 0, "days_settled": 0, "gaps_left": 0})
    for report in reports:
        totals[f"people {report.status.replace('_', ' ')}"] += 1
        totals["requests"] += report.requests
        totals["events_new"] += report.events.new + report.events.versions
        totals["days_settled"] += report.days_settled
        totals["days_provisional"] += report.days_provisional
        totals["gaps_left"] += report.gaps.total()
        totals.update({f"gaps_left/{kind}": days for kind, days in report.gaps.items()})
    return dict(totals)


@dg.op(out=dg.Out(dg.Nothing))
def count_results(context: dg.OpExecutionContext, chunks: list[dict[str, int]]) -> None:
    """Report in the asset's metadata what all chunks did together: counts only."""
    totals: Counter[str] = Counter(count(()))
    for chunk in chunks:
        totals.update(chunk)
    context.add_output_metadata(dict(totals))


@dg.graph_asset(
    key=["garmin", "account"],
    ins={"files": dg.AssetIn(["inbox", "garmin_files"], dagster_type=dg.Nothing)},
    partitions_def=garmin_days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="ingestion",
    kinds={"postgres"},
    description="Events in `raw.events` of the days that were requested from Garmin accounts.",
)
def garmin_account(files: None) -> None:
    """Sync chunk by chunk, then count."""
    return count_results(connected_people_chunks(files).map(sync_chunk).collect())  # type: ignore[no-any-return]


garmin_account = garmin_account.map_asset_specs(lambda spec: dg.apply_freshness_policy(spec, FRESHNESS))
