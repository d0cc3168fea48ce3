"""What happens by the clock."""

import datetime as dt

import dagster as dg

from sensors.windows import window_tags

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
