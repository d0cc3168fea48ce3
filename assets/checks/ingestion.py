"""Checks of what is ingested and of what the analyses publish.

Great Expectations guards the raw boundary: what Garmin or a person could have sent wrong. Metadata holds counts
only, never a value. What the marts must be is in `assets/checks/marts.py`.
"""

from collections import Counter
from typing import TYPE_CHECKING

import dagster as dg

from assets.checks.expectations import Expectations, check_expectations
from assets.metadata import counts_table
from santorio.ingest.coverage import calendar as coverage_calendar
from santorio.ingest.coverage import gaps
from santorio.people import all_people
from santorio.storage.database.engine import Database

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# A table in the UI; all stand in the calendar, and in `santorio coverage`.
MAX_GAPS = 100
_NEWEST = """
from raw.events
where ingested_at >= (select max(ingested_at) from raw.events) - %(window)s::interval and {condition}
order by ingested_at desc limit %(max_rows)s
"""
# A day's series is tens of kilobytes, unpacked once a field: only what has the field is looked into.
PAYLOADS = """
select event_id::text, encode(content_hash, 'hex') as version, event_type,
       metadata ->> 'day' as day,
       jsonb_typeof(data) = 'object' as is_object,
       extract(epoch from utc_offset) / 3600 as utc_offset_hours,
       case when event_type = 'garmin.daily_summary' and jsonb_typeof(data -> 'totalSteps') = 'number'
            then (data ->> 'totalSteps')::float end as steps,
       case when event_type = 'garmin.daily_summary' and jsonb_typeof(data -> 'restingHeartRate') = 'number'
            then (data ->> 'restingHeartRate')::float end as resting_hr_bpm,
       case when event_type = 'garmin.sleep'
              and jsonb_typeof(data -> 'dailySleepDTO' -> 'sleepTimeSeconds') = 'number'
            then (data -> 'dailySleepDTO' ->> 'sleepTimeSeconds')::float / 60 end as sleep_minutes,
       case when event_type = 'garmin.weigh_in' and jsonb_typeof(data -> 'weight') = 'number'
            then (data ->> 'weight')::float / 1000 end as weight_kg
""" + _NEWEST.format(condition="source = 'garmin' and event_type like 'garmin.%%'")
LOGS = """
select event_id::text, encode(content_hash, 'hex') as version, event_type,
       time <= ingested_at + interval '26 hours' as is_past,
       case when jsonb_typeof(data -> 'amount_mg') = 'number' then (data ->> 'amount_mg')::float end as caffeine_mg,
       case when jsonb_typeof(data -> 'amount_g') = 'number' then (data ->> 'amount_g')::float end as alcohol_g,
       case when jsonb_typeof(data -> 'weight_kg') = 'number' then (data ->> 'weight_kg')::float end as weight_kg
""" + _NEWEST.format(condition="source = 'log'")


def payload_expectations() -> list["Expectation"]:
    """What every Garmin payload must be: a day, an offset that exists on Earth, values a body can have."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["event_id", "version"]),
        gxe.ExpectColumnValuesToBeInSet(column="is_object", value_set=[True]),
        gxe.ExpectColumnValuesToMatchRegex(column="day", regex=r"^\d{4}-\d{2}-\d{2}$"),
        gxe.ExpectColumnValuesToBeBetween(column="utc_offset_hours", min_value=-12, max_value=14),
        gxe.ExpectColumnValuesToBeBetween(column="steps", min_value=0, max_value=200_000),
        gxe.ExpectColumnValuesToBeBetween(column="resting_hr_bpm", min_value=20, max_value=150),
        gxe.ExpectColumnValuesToBeBetween(column="sleep_minutes", min_value=0, max_value=1440),
        gxe.ExpectColumnValuesToBeBetween(column="weight_kg", min_value=20, max_value=400),
    ]


def log_expectations() -> list["Expectation"]:
    """What a log must be: about the past, with amounts a person can take and live."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["event_id", "version"]),
        gxe.ExpectColumnValuesToBeInSet(column="is_past", value_set=[True]),
        gxe.ExpectColumnValuesToBeBetween(column="caffeine_mg", min_value=0, max_value=2_000),
        gxe.ExpectColumnValuesToBeBetween(column="alcohol_g", min_value=0, max_value=500),
        gxe.ExpectColumnValuesToBeBetween(column="weight_kg", min_value=20, max_value=400),
    ]


def check_boundary(database: Database, query: str, expectations: Expectations) -> dg.AssetCheckResult:
    """Check recent rows, and report counts."""
    result = check_expectations(database, query, expectations)
    return dg.AssetCheckResult(
        passed=not result.unexpected, severity=dg.AssetCheckSeverity.WARN, metadata=result.metadata
    )


@dg.asset_check(asset=["garmin", "payloads"], description="Days, offsets and values that a payload can have.")
def payloads_plausible(database: dg.ResourceParam[Database]) -> dg.AssetCheckResult:
    """Check Garmin's payloads at the raw boundary."""
    return check_boundary(database, PAYLOADS, payload_expectations)


@dg.asset_check(asset=["inbox", "logs"], description="Logs about the past, with amounts a person can take.")
def logs_plausible(database: dg.ResourceParam[Database]) -> dg.AssetCheckResult:
    """Check manual logs at the raw boundary."""
    return check_boundary(database, LOGS, log_expectations)


@dg.asset_check(
    asset=["inbox", "garmin_files"], description="Files that could not be taken in and wait for a fix."
)
def no_open_rejections(database: dg.ResourceParam[Database]) -> dg.AssetCheckResult:
    """Warn while `ops.rejected_records` holds files that nobody has looked at."""
    with database.connect() as connection:
        rows = connection.execute(
            "select code, count(*) from ops.rejected_records where status = 'open' group by code order by code"
        ).fetchall()
    return dg.AssetCheckResult(
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"open": sum(count for _, count in rows), **{f"open_{code}": count for code, count in rows}},
    )


@dg.asset_check(
    asset=["garmin", "payloads"],
    description="Days of a kind that should be there and are not: never fetched, or failed.",
)
def coverage_complete(database: dg.ResourceParam[Database]) -> dg.AssetCheckResult:
    """Show everyone's days as a calendar, count the gaps by reason; warn of those to act on."""
    found: list[gaps.CoverageGap] = []
    calendars: list[coverage_calendar.Calendars] = []
    with database.connect() as connection:
        for person in all_people(connection):
            missing = gaps.find_gaps(connection, person.user_id)
            calendars.append(
                coverage_calendar.build_calendars(
                    coverage_calendar.read_statuses(connection, person.user_id), missing
                )
            )
            found += missing
    unintended = [gap for gap in found if not gap.is_intended]
    to_do = list(gaps.what_to_do(found))
    return dg.AssetCheckResult(
        passed=not unintended,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(to_do) or "Every day that should be there is.",
        metadata={
            "days_that_should_be_there": sum(gap.days for gap in unintended),
            "calendar": dg.MetadataValue.md(
                coverage_calendar.markdown(coverage_calendar.merge_people(calendars))
            ),
            "days_missing_by_reason": counts_table(_days_by_reason(found)),
            "gaps": counts_table(_gaps_table(unintended)),
        },
    )


def _days_by_reason(found: list[gaps.CoverageGap]) -> list[dict[str, str | int | float | bool | None]]:
    counts: Counter[tuple[str, str]] = Counter()
    for gap in found:
        counts[gap.kind, gap.reason] += gap.days
    kinds = dict.fromkeys((*gaps.DAILY_KINDS, *sorted(kind for kind, _ in counts)))
    return [{"kind": kind, **{reason: counts[kind, reason] for reason in gaps.REASONS}} for kind in kinds]


def _gaps_table(unintended: list[gaps.CoverageGap]) -> list[dict[str, str | int | float | bool | None]]:
    """Give the newest gaps to act on; of several people, without saying whose."""
    newest = sorted(unintended, key=lambda gap: (gap.last_day, gap.kind), reverse=True)[:MAX_GAPS]
    return [
        {
            "kind": gap.kind,
            "first_day": gap.first_day.isoformat(),
            "last_day": gap.last_day.isoformat(),
            "days": gap.days,
            "reason": gap.reason,
            "error": gap.error or "",
        }
        for gap in newest
    ]


def converged(database: Database, kind: str) -> dg.AssetCheckResult:
    """Whether the newest run of every target of this kind was accepted."""
    with database.connect() as connection:
        rows = connection.execute(
            """
            select status, count(*) from (
              select distinct on (user_id, target) status from analysis.runs
              where kind = %s order by user_id, target, created_at desc) as newest
            group by status
            """,
            [kind],
        ).fetchall()
    counts = dict(rows)
    return dg.AssetCheckResult(
        passed=counts.get("rejected", 0) == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"accepted": counts.get("accepted", 0), "rejected": counts.get("rejected", 0)},
    )


@dg.asset_check(asset=["analysis", "effects"], description="R-hat, effective sample size and divergences.")
def effects_converged(database: dg.ResourceParam[Database]) -> dg.AssetCheckResult:
    """Warn when the newest fit of an outcome was rejected: nothing of it was published."""
    return converged(database, "effects")


@dg.asset_check(asset=["analysis", "trials"], description="R-hat, effective sample size and divergences.")
def trials_converged(database: dg.ResourceParam[Database]) -> dg.AssetCheckResult:
    """Warn when the newest fit of a trial was rejected: nothing of it was published."""
    return converged(database, "trial")
