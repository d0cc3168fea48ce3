-- What a device's own monitoring files tell of days that neither account nor export tells.

with

told_days as (
    select user_id, day from {{ ref('stg_garmin__daily_summaries') }} where has_data
    union
    select user_id, day from {{ ref('stg_garmin__heart_rates') }} where has_data
    union
    select user_id, day from {{ ref('stg_garmin__stress_days') }} where has_data
    union
    select user_id, day from {{ ref('stg_garmin__steps') }} where steps > 0
),

-- A file ends on the day on which it begins, or on the next.
files as materialized (
    select monitored.*
    from {{ ref('stg_fit__monitoring_files') }} as monitored
    left join told_days as first_one
        on first_one.user_id = monitored.user_id and first_one.day = monitored.first_day
    left join told_days as second_one
        on second_one.user_id = monitored.user_id and second_one.day = monitored.first_day + 1
    where first_one.user_id is null or second_one.user_id is null
),

exploded as (
    {{ monitored_samples('heart_rate_bpm', '$[1]', '> 0') }}
    union all
    {{ monitored_samples('stress', '$[1]', '>= 0') }}
    union all
    -- The day's own, not the mean of the week beside it.
    {{ monitored_samples('resting_heart_rate_bpm', '$[2]', '> 0', is_of_day=true) }}
    union all
    {{ monitored_counts('steps') }}
    union all
    {{ monitored_counts('distance_m') }}
    union all
    {{ monitored_counts('active_calories_kcal') }}
),

dated as (
    select *, {{ local_day("to_timestamp(dated_s)", 'utc_offset') }} as day
    from exploded
    where at_s between 2 and 4102444800
),

-- Files overlap: a sample that stands in two is one.
counted as (
    select
        user_id, day, series, activity_type, at_s, max(value) as value, max(utc_offset) as utc_offset,
        max(ingested_at) as ingested_at
    from dated
    group by user_id, day, series, activity_type, at_s
),

by_movement as (
    select
        user_id, day, series, activity_type, max(value) as highest, min(value) as lowest, avg(value) as mean,
        count(*) as samples, (array_agg(value order by at_s desc))[1] as latest, max(utc_offset) as utc_offset,
        max(ingested_at) as ingested_at
    from counted
    group by user_id, day, series, activity_type
)

select
    user_id,
    day,
    max(utc_offset) as utc_offset,
    sum(highest) filter (where series = 'steps') as steps,
    sum(highest) filter (where series = 'distance_m') as distance_m,
    sum(highest) filter (where series = 'active_calories_kcal') as active_kcal,
    max(latest) filter (where series = 'resting_heart_rate_bpm') as resting_hr_bpm,
    max(lowest) filter (where series = 'heart_rate_bpm') as min_hr_bpm,
    max(highest) filter (where series = 'heart_rate_bpm') as max_hr_bpm,
    max(mean) filter (where series = 'stress') as stress_avg,
    coalesce(max(samples) filter (where series = 'stress'), 0)::integer as stress_samples,
    max(ingested_at) as ingested_at
from by_movement
where not exists (
    select from told_days
    where told_days.user_id = by_movement.user_id and told_days.day = by_movement.day
)
group by user_id, day
