"""Schedules: the daily refresh, and the sync with Garmin every four hours."""

import datetime as dt

import dagster as dg

from santorio.ingest.garmin.sync import connected_people
from santorio.ingest.garmin.sync_plan import TRAILING_DAYS as SYNCED_DAYS
from santorio.storage.database.engine import Database
from sensors.ingestion import is_running
from sensors.run_tags import window_tags

# A watch may sync days late: the last three days are settled again until they are final.
TRAILING_DAYS = 3


@dg.schedule(
    job_name="refresh",
    cron_schedule="15 6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every morning: settle the last days, run the analyses of what changed, renew the proposals.",
)
def daily_refresh_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Refresh the trailing days once a day, also without new events: a trial ends, a day becomes final."""
    today = context.scheduled_execution_time.date()
    days = (today - dt.timedelta(days=TRAILING_DAYS), today)
    return dg.RunRequest(run_key=today.isoformat(), tags=window_tags(days, today=today))


@dg.schedule(
    job_name="garmin_sync",
    cron_schedule="5 */4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every four hours: fetch from Garmin accounts what is missing or not yet settled.",
)
def garmin_sync_schedule(
    context: dg.ScheduleEvaluationContext, database: dg.ResourceParam[Database]
) -> dg.RunRequest | dg.SkipReason:
    """Fetch the trailing days; a day that is final costs no request. Without a connected account there is no run."""
    with database.connect() as connection:
        if not connected_people(connection):
            return dg.SkipReason("No Garmin account is connected. Type `santorio connect garmin`.")
    if is_running(context.instance, "garmin_sync"):
        return dg.SkipReason("A sync is in progress.")
    today = context.scheduled_execution_time.date()
    days = (today - dt.timedelta(days=SYNCED_DAYS - 1), today)
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.isoformat(), tags=window_tags(days, today=today)
    )
