"""What happens by the clock."""

import datetime as dt

import dagster as dg

from santorio.ingest.garmin.sync import connected_people
from santorio.ingest.garmin.sync_plan import TRAILING_DAYS as SYNCED_DAYS
from santorio.storage.database.engine import Database
from sensors.ingestion import is_running
from sensors.run_tags import window_tags

# A watch may sync days late; three days back are looked at again until they are final.
TRAILING_DAYS = 3


@dg.schedule(
    job_name="study",
    cron_schedule="15 6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every morning: settle the last days, refit what changed, renew the proposals.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Study the trailing days once a day, also when nothing arrived: a trial ends, a day becomes final."""
    today = context.scheduled_execution_time.date()
    days = (today - dt.timedelta(days=TRAILING_DAYS), today)
    return dg.RunRequest(run_key=today.isoformat(), tags=window_tags(days, today=today))


@dg.schedule(
    job_name="sync",
    cron_schedule="5 */4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every four hours: ask Garmin accounts for what is missing or not yet settled.",
)
def every_four_hours(
    context: dg.ScheduleEvaluationContext, database: dg.ResourceParam[Database]
) -> dg.RunRequest | dg.SkipReason:
    """Ask for the trailing days; what has settled costs no request. Nobody connected, nothing asked."""
    with database.connect() as connection:
        if not connected_people(connection):
            return dg.SkipReason("No Garmin account is connected. Type `santorio connect garmin`.")
    if is_running(context.instance, "sync"):
        return dg.SkipReason("A sync is going on.")
    today = context.scheduled_execution_time.date()
    days = (today - dt.timedelta(days=SYNCED_DAYS - 1), today)
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.isoformat(), tags=window_tags(days, today=today)
    )
