-- What a person measures about themself, one row a day and metric; a night's metrics stand on the day of waking.
-- `samples` is how many readings the value is a mean of: weigh by it when days are gathered into a study day.

with

from_nights as (
    select nights.user_id, nights.day, metric.name as metric, metric.value, 1 as samples, nights.as_of
    from {{ changed_days(ref('nights')) }} as nights
    cross join lateral (
        values
            ('sleep_minutes', nights.sleep_minutes),
            ('deep_sleep_minutes', nights.deep_sleep_minutes),
            ('sleep_score', nights.sleep_score),
            ('hrv_rmssd_ms', nights.hrv_rmssd_ms)
    ) as metric (name, value)
),

from_days as (
    select worn.user_id, worn.day, metric.name as metric, metric.value, metric.samples, worn.as_of
    from {{ changed_days(ref('int_wearable_days__joined')) }} as worn
    cross join lateral (
        values
            ('resting_hr_bpm', worn.resting_hr_bpm, 1),
            ('stress_avg', worn.stress_avg, greatest(worn.stress_samples, 1)),
            ('body_battery_high', worn.body_battery_high, 1),
            -- A watch on the table counts no steps: that is no day of none.
            ('steps', case when worn.is_worn then worn.steps end, 1)
    ) as metric (name, value, samples)
),

from_scales as (
    select user_id, day, 'weight_kg' as metric, weight_kg as value, samples, as_of
    from {{ changed_days(ref('int_weights__by_day')) }}
),

from_logs as (
    select user_id, day, measure as metric, value, samples, as_of
    from {{ changed_days(ref('int_measures__by_day')) }}
),

reported as (
    select *, 1 as priority from from_nights
    union all
    select *, 1 as priority from from_days
    union all
    select *, 1 as priority from from_scales
    union all
    -- Somebody's own column may carry a metric's name: it fills days on which no device reported it.
    select *, 2 as priority from from_logs
)

select distinct on (user_id, metric, day)
    user_id,
    day,
    metric,
    value,
    samples,
    as_of
from reported
where value is not null
order by user_id, metric, day, priority
