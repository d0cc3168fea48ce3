-- What Garmin works out or gathers of a day beyond the watch's own metrics, one row a person, day and metric. Where
-- several payloads report one, the account comes before its export, then what was computed last.

with

reported as (
    select user_id, day, metric, value, text_value, priority, rank, ingested_at, event_id
    from {{ changed_days(ref('int_daily_metrics__unioned')) }}
),

drunk as (
    -- A log of drinks is what the account sums up: it counts only where the account reported no sum.
    select
        user_id, day, 'fluids_ml' as metric, greatest(sum(value order by value), 0) as value, null as text_value, 2 as priority,
        null::double precision as rank, max(ingested_at) as ingested_at, min(event_id::text)::uuid as event_id
    from reported
    where metric = 'drink_ml'
    group by user_id, day
),

counted as (
    select * from reported where metric <> 'drink_ml'
    union all
    select * from drunk
)

select distinct on (user_id, day, metric) user_id, day, metric, value, text_value, ingested_at
from counted
order by user_id, day, metric, priority, rank nulls last, ingested_at desc, event_id, value, text_value
