with

worn as (
    select * from {{ days_of(ref('int_wearable_days_joined')) }}
),

weights as (
    select * from {{ days_of(ref('int_weights_by_day')) }}
),

moods as (
    select * from {{ days_of(ref('int_measures_by_day')) }}
    where measure = 'mood'
),

logged as (
    select user_id, day, max(as_of) as as_of
    from {{ days_of(ref('int_intakes_by_day')) }}
    group by user_id, day
),

loads as (
    select * from {{ days_of(ref('int_training_load_by_day')) }}
),

intakes as (
    select
        user_id,
        day,
        max(value) filter (where exposure = 'caffeine_mg') as caffeine_mg,
        max(value) filter (where exposure = 'caffeine_after_15_mg') as caffeine_after_15_mg,
        max(value) filter (where exposure = 'alcohol_g') as alcohol_g,
        max(as_of) as as_of
    from {{ days_of(ref('int_intakes_filled')) }}
    where exposure in ('caffeine_mg', 'caffeine_after_15_mg', 'alcohol_g')
    group by user_id, day
),

-- A day is there if anything is known of it: zeros that were filled in do not make a day.
known as (
    select user_id, day from worn
    union
    select user_id, day from weights
    union
    select user_id, day from moods
    union
    select user_id, day from logged
    union
    select user_id, day from loads
)

select
    known.user_id,
    known.day,
    coalesce(
        worn.utc_offset,
        known.day::timestamp - ((known.day::timestamp at time zone coalesce(people.timezone, 'UTC')) at time zone 'UTC')
    ) as utc_offset,
    worn.steps,
    worn.distance_m,
    worn.floors_ascended,
    worn.active_kcal,
    worn.resting_hr_bpm,
    worn.min_hr_bpm,
    worn.max_hr_bpm,
    worn.stress_avg,
    worn.body_battery_high,
    worn.body_battery_low,
    weights.weight_kg,
    moods.value as mood,
    intakes.caffeine_mg,
    intakes.caffeine_after_15_mg,
    intakes.alcohol_g,
    loads.training_load,
    loads.activity_count,
    loads.activity_minutes,
    greatest(worn.as_of, weights.as_of, moods.as_of, logged.as_of, intakes.as_of, loads.as_of) as as_of
from known
left join {{ ref('stg_ops__people') }} as people on people.user_id = known.user_id
left join worn on worn.user_id = known.user_id and worn.day = known.day
left join weights on weights.user_id = known.user_id and weights.day = known.day
left join moods on moods.user_id = known.user_id and moods.day = known.day
left join intakes on intakes.user_id = known.user_id and intakes.day = known.day
left join loads on loads.user_id = known.user_id and loads.day = known.day
left join logged on logged.user_id = known.user_id and logged.day = known.day
