"""Ingestion: files of the inbox become events, and Garmin's days are settled in the coverage ledger.

Belongs here: the window, the call of the library, the counts. Does not belong here: parsing.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from assets.metadata import counts_table
from assets.partitions import garmin_days
from santorio import local_time as local
from santorio.ingest.coverage.gaps import find_gaps
from santorio.ingest.coverage.settlement import settle
from santorio.ingest.importer import import_inbox
from santorio.people import all_people
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.storage.object_store import ObjectStore

INBOX_SOURCES = {
    dg.AssetKey(["inbox", "garmin_files"]): (("garmin.",), "Garmin Connect payloads"),
    dg.AssetKey(["inbox", "fit_files"]): (("fit.", "track."), "FIT, TCX and GPX files"),
    dg.AssetKey(["inbox", "trials"]): (("trial.",), "trial protocols and schedules"),
    dg.AssetKey(["inbox", "logs"]): (
        (),
        "manual logs: weight, mood, supplements, caffeine, alcohol, measures",
    ),
}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key,
            description=f"Events in `raw.events` from {what}.",
            group_name="ingestion",
            kinds={"postgres"},
        )
        for key, (_, what) in INBOX_SOURCES.items()
    ],
)
def inbox_files(
    context: dg.AssetExecutionContext,
    database: dg.ResourceParam[Database],
    object_store: dg.ResourceParam[ObjectStore],
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.MaterializeResult[None]]:
    """Ingest every file of the inbox; originals are stored, records that cannot be parsed are quarantined."""
    report = import_inbox(database, object_store, settings)
    context.log.info(
        "%d files ingested: %d new events, %d unchanged, %d rejected",
        len(report.files), report.events_new, report.events_unchanged, report.rejected,
    )  # fmt: skip
    with database.connect() as connection:
        held = connection.execute(
            """
            select event_type, count(distinct event_id), min(time)::date, max(time)::date
            from raw.events group by event_type order by event_type
            """
        ).fetchall()
    for key, (prefixes, _) in INBOX_SOURCES.items():
        rows = [row for row in held if _belongs(row[0], prefixes)]
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "files_ingested": len(report.files),
                "events_held": sum(row[1] for row in rows),
                "by_type": counts_table(
                    [{"event": kind, "events": count, "from": str(first), "to": str(last)}
                     for kind, count, first, last in rows]
                ),
            },
        )  # fmt: skip


def _belongs(event_type: str, prefixes: tuple[str, ...]) -> bool:
    """Whether an event is of one of these families; of none of the others where none is named."""
    if prefixes:
        return event_type.startswith(prefixes)
    return not event_type.startswith(tuple(one for prefixes, _ in INBOX_SOURCES.values() for one in prefixes))


@dg.asset(
    key=["garmin", "payloads"],
    deps=[["inbox", "garmin_files"], ["garmin", "account"]],
    partitions_def=garmin_days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="ingestion",
    kinds={"postgres"},
)
def garmin_payloads(
    context: dg.AssetExecutionContext, database: dg.ResourceParam[Database]
) -> dg.MaterializeResult[None]:
    """Garmin's days in the log, settled in the coverage ledger: what is there, provisional or missing."""
    window = context.partition_key_range
    first, last = dt.date.fromisoformat(window.start), dt.date.fromisoformat(window.end)
    rows: list[dict[str, str | int | float | bool | None]] = []
    missing = 0
    with database.connect() as connection:
        for person in all_people(connection):
            today = local.today(connection, person, dt.datetime.now(dt.UTC))
            summary = settle(connection, person.user_id, days=(first, last), today=today)
            missing += sum(gap.days for gap in find_gaps(connection, person.user_id))
            rows.append({"person": len(rows) + 1, **summary.counts})
    return dg.MaterializeResult(
        metadata={
            "first_day": window.start,
            "last_day": window.end,
            "missing_kind_days": missing,
            "kind_days_by_status": counts_table(rows),
        }
    )
