-- What a device's own monitoring files report of days that neither account nor export reports.

with

reported_days as (
    select user_id, day from {{ changed_days(ref('stg_garmin__daily_summaries')) }} where has_data
    union
    select user_id, day from {{ changed_days(ref('stg_garmin__heart_rates')) }} where has_data
    union
    select user_id, day from {{ changed_days(ref('stg_garmin__stress_days')) }} where has_data
    union
    select user_id, day from {{ changed_days(ref('stg_garmin__steps')) }} where steps > 0
),

-- A file ends on the day on which it begins, or on the next; what it states at midnight is the day before's. One whose
-- days are all reported is not unpacked.
files as materialized (
    select monitored.*
    from {{ changed_days(ref('stg_fit__monitoring_files'), before=1, after=1, day='first_day') }} as monitored
    where exists (
        select from generate_series(-1, 1) as shift
        where not exists (
            select from reported_days
            where reported_days.user_id = monitored.user_id and reported_days.day = monitored.first_day + shift
        )
    )
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
    select *
    from (
        select *, {{ local_day("to_timestamp(dated_s)", 'utc_offset') }} as day
        from exploded
        where at_s between 2 and 4102444800
    ) as placed
    where day between first_day - 1 and first_day + 1
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
        user_id, day, series, activity_type, max(value) as highest, min(value) as lowest, avg(value order by value) as mean,
        count(*) as samples, (array_agg(value order by at_s desc))[1] as latest, max(utc_offset) as utc_offset,
        max(ingested_at) as ingested_at
    from counted
    group by user_id, day, series, activity_type
)

select
    user_id,
    day,
    max(utc_offset) as utc_offset,
    sum(highest order by highest) filter (where series = 'steps') as steps,
    sum(highest order by highest) filter (where series = 'distance_m') as distance_m,
    sum(highest order by highest) filter (where series = 'active_calories_kcal') as active_kcal,
    max(latest) filter (where series = 'resting_heart_rate_bpm') as resting_hr_bpm,
    max(lowest) filter (where series = 'heart_rate_bpm') as min_hr_bpm,
    max(highest) filter (where series = 'heart_rate_bpm') as max_hr_bpm,
    max(mean) filter (where series = 'stress') as stress_avg,
    coalesce(max(samples) filter (where series = 'stress'), 0)::integer as stress_samples,
    max(ingested_at) as ingested_at
from by_movement
where not exists (
    select from reported_days
    where reported_days.user_id = by_movement.user_id and reported_days.day = by_movement.day
)
group by user_id, day
