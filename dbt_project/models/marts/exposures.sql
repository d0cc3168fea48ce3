-- A day without a log counts as 0 between a person's first and last log of the same kind: the assumption is that who
-- logs, logs. Before the first and after the last nothing is known and there is no row. A measure (a rating, a
-- reading) is never filled: no rating is not a rating of 0.

with

intakes as (
    select *
    from {{ ref('int_intakes_by_day') }}
),

spans as (
    select user_id, exposure, unit, min(day) as first_day, max(day) as last_day, max(as_of) as as_of
    from intakes
    group by user_id, exposure, unit
),

filled as (
    select
        spans.user_id,
        calendar.day::date as day,
        spans.exposure,
        coalesce(intakes.value, 0) as value,
        spans.unit,
        -- That a day had no log is known only since the log after it came in.
        coalesce(intakes.as_of, spans.as_of) as as_of
    from spans
    cross join lateral
        generate_series(spans.first_day::timestamp, spans.last_day::timestamp, interval '1 day') as calendar (day)
    left join intakes
        on intakes.user_id = spans.user_id
        and intakes.exposure = spans.exposure
        and intakes.day = calendar.day::date
),

measures as (
    select user_id, day, 'measure_' || measure as exposure, value, unit, as_of
    from {{ ref('int_measures_by_day') }}
    where measure <> 'mood'
),

loads as (
    select user_id, day, 'training_load' as exposure, training_load as value, 'load' as unit, as_of
    from {{ ref('int_training_load_by_day') }}
    where training_load is not null
)

select user_id, day, exposure, value, unit, as_of from filled
union all
select user_id, day, exposure, value, unit, as_of from measures
union all
select user_id, day, exposure, value, unit, as_of from loads
