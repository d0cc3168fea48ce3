-- Moods and free measures, one row a person, day and measure. The grain rule: a day's mean of the readings themselves
-- where there are readings; a value reported for the whole day only where that day, or that study day, has none. A study
-- that comes both as pings and as a table of daily means counts once.

{{ config(incremental_strategy='by_person') }}

with

reported as (
    select user_id, day, 'mood' as measure, rating as value, null as unit, 'instant' as grain, null as trial,
        null::integer as study_day, 1 as samples, ingested_at
    from {{ changed_people(ref('stg_logs__moods')) }}
    union all
    select user_id, day, measure, value, unit, grain, trial, study_day, samples, ingested_at
    from {{ changed_people(ref('stg_logs__measures')) }}
),

valued as (
    select *
    from reported
    where measure is not null and value is not null
),

readings as (
    select *
    from valued
    where grain = 'instant'
),

days_read as (
    select distinct user_id, measure, day
    from readings
),

study_days_read as (
    select distinct user_id, measure, trial, study_day
    from readings
    where trial is not null and study_day is not null
),

counted as (
    select user_id, day, measure, value, unit, 1 as samples, grain, ingested_at
    from readings
    union all
    select user_id, day, measure, value, unit, samples, grain, ingested_at
    from valued
    where grain = 'day'
        and not exists (
            select from days_read
            where days_read.user_id = valued.user_id
                and days_read.measure = valued.measure
                and days_read.day = valued.day
        )
        and not exists (
            select from study_days_read
            where study_days_read.user_id = valued.user_id
                and study_days_read.measure = valued.measure
                and study_days_read.trial = valued.trial
                and study_days_read.study_day = valued.study_day
        )
)

select
    user_id,
    day,
    measure,
    sum(value * samples order by value * samples) / sum(samples) as value,
    mode() within group (order by unit) as unit,
    sum(samples)::integer as samples,
    min(grain) as grain,
    max(ingested_at) as as_of
from counted
group by user_id, day, measure
