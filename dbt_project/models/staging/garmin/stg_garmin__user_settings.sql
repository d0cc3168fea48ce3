{{ config(meta={'event_types': ['garmin.user_settings']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.user_settings'
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_positive("data -> 'userData' -> 'weight'") }} / 1000 as weight_kg,
        {{ json_positive("data -> 'userData' -> 'height'") }} as height_cm,
        {{ json_positive("data -> 'userData' -> 'vo2MaxRunning'") }} as vo2max_running,
        {{ json_positive("data -> 'userData' -> 'vo2MaxCycling'") }} as vo2max_cycling,
        {{ json_positive("data -> 'userData' -> 'lactateThresholdHeartRate'") }} as threshold_hr_bpm,
        {{ json_positive("data -> 'userData' -> 'lactateThresholdSpeed'") }} * 10 as threshold_speed_mps,
        ingested_at
    from source
)

select *, num_nonnulls(weight_kg, height_cm, vo2max_running, vo2max_cycling, threshold_hr_bpm, threshold_speed_mps) > 0 as has_data
from renamed
