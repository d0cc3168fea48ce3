-- What Garmin works out or gathers of a day beyond the watch's own figures, one row a person, day and figure. Where
-- several payloads tell one, the account comes before its export, then what was computed last.

with

told as (
    select user_id, day, figure, value, word, priority, place, ingested_at, event_id
    from {{ changed_days(ref('int_daily_metrics__unioned')) }}
),

drunk as (
    -- A log of drinks is what the account sums up: it counts only where the account told no sum.
    select
        user_id, day, 'fluids_ml' as figure, greatest(sum(value order by value), 0) as value, null as word, 2 as priority,
        null::double precision as place, max(ingested_at) as ingested_at, min(event_id::text)::uuid as event_id
    from told
    where figure = 'drink_ml'
    group by user_id, day
),

counted as (
    select * from told where figure <> 'drink_ml'
    union all
    select * from drunk
)

select distinct on (user_id, day, figure) user_id, day, figure, value, word, ingested_at
from counted
order by user_id, day, figure, priority, place nulls last, ingested_at desc, event_id, value, word
