-- A day without a log counts as 0 between a person's first and last log of the same kind: the assumption is that who
-- logs, logs. Before the first and after the last nothing is known and there is no row.

{{ config(incremental_strategy='by_person') }}

with

logged as (
    select
        *,
        lead(day) over in_order as next_day,
        lead(as_of) over in_order as next_as_of
    from {{ changed_people(ref('int_intakes__by_day')) }}
    window in_order as (partition by user_id, exposure order by day)
)

select user_id, day, exposure, value, unit, as_of
from logged
union all
select
    logged.user_id,
    calendar.day::date as day,
    logged.exposure,
    0 as value,
    logged.unit,
    -- That a day had no log is known only since the logs on both its sides came in.
    greatest(logged.as_of, logged.next_as_of) as as_of
from logged
cross join lateral generate_series(
    logged.day + interval '1 day', logged.next_day - interval '1 day', interval '1 day'
) as calendar (day)
