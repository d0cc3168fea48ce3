-- Between a person's first and last log of a kind every day has a row (see int_intakes__zero_filled), but one of which nobody
-- knows how much was taken. A measure (a rating, a
-- reading) is never filled: no rating is not a rating of 0.

with

intakes as (
    select user_id, day, exposure, value, unit, as_of
    from {{ changed_days(ref('int_intakes__zero_filled')) }}
    where value is not null
),

measures as (
    select user_id, day, 'measure_' || measure as exposure, value, unit, as_of
    from {{ changed_days(ref('int_measures__by_day')) }}
    where measure <> 'mood'
),

loads as (
    select user_id, day, 'training_load' as exposure, training_load as value, 'load' as unit, as_of
    from {{ changed_days(ref('int_training_load__by_day')) }}
    where training_load is not null
)

select user_id, day, exposure, value, unit, as_of from intakes
union all
select user_id, day, exposure, value, unit, as_of from measures
union all
select user_id, day, exposure, value, unit, as_of from loads
