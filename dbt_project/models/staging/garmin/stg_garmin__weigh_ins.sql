{{ config(meta={'event_types': ['garmin.biometrics', 'garmin.weigh_in']}) }}

with

source as (
    select
        *,
        -- The account's export logs every change of the profile; a weighing is a change of the weight.
        event_type = 'garmin.biometrics' as is_exported,
        case event_type when 'garmin.biometrics' then data -> 'weight' else data end as weighing
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type in ('garmin.weigh_in', 'garmin.biometrics')
),

renamed as (
    select
        event_id,
        user_id,
        is_exported,
        coalesce(
            {{ json_epoch_ms("weighing -> 'timestampGMT'") }},
            {{ safe_timestamp("weighing ->> 'timestampGMT'") }} at time zone 'UTC',
            occurred_at
        ) as weighed_at,
        -- `date` is the wall clock written as if it were UTC: the difference is the offset, where a clock on Earth has it.
        coalesce(
            case
                when {{ json_epoch_ms("weighing -> 'date'") }} - {{ json_epoch_ms("weighing -> 'timestampGMT'") }}
                    between interval '-12 hours' and interval '14 hours'
                then {{ json_epoch_ms("weighing -> 'date'") }} - {{ json_epoch_ms("weighing -> 'timestampGMT'") }}
            end,
            utc_offset
        ) as utc_offset,
        {{ safe_date("weighing ->> 'calendarDate'") }} as calendar_day,
        {{ safe_date("metadata ->> 'day'") }} as reported_day,
        -- grams, as a float: 59719.999999999996
        round(({{ json_positive("weighing -> 'weight'") }} / 1000)::numeric, 3)::double precision as weight_kg,
        {{ json_positive("weighing -> 'bmi'") }} as bmi_kg_m2,
        {{ json_positive("weighing -> 'bodyFat'") }} as body_fat_pct,
        {{ json_positive("weighing -> 'bodyWater'") }} as body_water_pct,
        {{ json_positive("weighing -> 'muscleMass'") }} / 1000 as muscle_mass_kg,
        {{ json_positive("weighing -> 'boneMass'") }} / 1000 as bone_mass_kg,
        {{ json_positive("weighing -> 'visceralFat'") }} as visceral_fat_rating,
        {{ json_positive("weighing -> 'metabolicAge'") }} as metabolic_age_years,
        ingested_at
    from source
    -- Changes of the profile that are about something else.
    where not is_exported or jsonb_typeof(weighing) = 'object'
)

select
    event_id,
    user_id,
    is_exported,
    weighed_at,
    utc_offset,
    coalesce(calendar_day, reported_day, {{ local_day('weighed_at', 'utc_offset') }}) as day,
    weight_kg,
    bmi_kg_m2,
    body_fat_pct,
    body_water_pct,
    muscle_mass_kg,
    bone_mass_kg,
    visceral_fat_rating,
    metabolic_age_years,
    ingested_at,
    weight_kg is not null as has_data
from renamed
