with

worn as (
    select * from {{ changed_days(ref('int_wearable_days__joined')) }}
),

weights as (
    select * from {{ changed_days(ref('int_weights__by_day')) }}
),

moods as (
    select * from {{ changed_days(ref('int_measures__by_day')) }}
    where measure = 'mood'
),

logged as (
    select user_id, day, max(as_of) as as_of
    from {{ changed_days(ref('int_intakes__by_day')) }}
    group by user_id, day
),

loads as (
    select * from {{ changed_days(ref('int_training_load__by_day')) }}
),

intakes as (
    select
        user_id,
        day,
        max(value) filter (where exposure = 'caffeine_mg') as caffeine_mg,
        max(value) filter (where exposure = 'caffeine_after_15_mg') as caffeine_after_15_mg,
        max(value) filter (where exposure = 'alcohol_g') as alcohol_g,
        max(as_of) as as_of
    from {{ changed_days(ref('int_intakes__zero_filled')) }}
    where exposure in ('caffeine_mg', 'caffeine_after_15_mg', 'alcohol_g')
    group by user_id, day
),

-- Every day between the first and the last of which anything is known: a day of which nothing is known is a row too.
spine as (
    select * from {{ changed_days(ref('int_person_days')) }}
),

ledger as (
    select * from {{ changed_days(ref('int_coverage__by_day')) }}
),

slept as (
    select user_id, day from {{ changed_days(ref('nights')) }}
)

select
    spine.user_id,
    spine.day,
    coalesce(
        worn.utc_offset,
        spine.day::timestamp - ((spine.day::timestamp at time zone coalesce(spine.timezone, 'UTC')) at time zone 'UTC')
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
    spine.is_known,
    case
        when worn.is_worn then null
        when ledger.is_day_failed then 'failed'
        when ledger.is_day_provisional then 'provisional'
        when ledger.is_day_listed then 'not worn'
        when ledger.is_night_there then 'never fetched'
        else spine.absence_reason
    end as missing_reason,
    case
        when slept.user_id is not null then null
        when ledger.is_night_failed then 'failed'
        when ledger.is_night_provisional then 'provisional'
        when ledger.is_night_listed and worn.is_worn then 'night not worn'
        when ledger.is_night_listed then 'not worn'
        when worn.is_worn or ledger.is_day_there then 'never fetched'
        when ledger.is_day_listed and not ledger.is_day_failed then 'not worn'
        else spine.absence_reason
    end as night_missing_reason,
    coalesce(greatest(worn.as_of, weights.as_of, moods.as_of, logged.as_of, intakes.as_of, loads.as_of), spine.as_of) as as_of
from spine
left join ledger on ledger.user_id = spine.user_id and ledger.day = spine.day
left join slept on slept.user_id = spine.user_id and slept.day = spine.day
left join worn on worn.user_id = spine.user_id and worn.day = spine.day
left join weights on weights.user_id = spine.user_id and weights.day = spine.day
left join moods on moods.user_id = spine.user_id and moods.day = spine.day
left join intakes on intakes.user_id = spine.user_id and intakes.day = spine.day
left join loads on loads.user_id = spine.user_id and loads.day = spine.day
left join logged on logged.user_id = spine.user_id and logged.day = spine.day
