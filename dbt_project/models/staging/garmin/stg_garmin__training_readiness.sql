{{ config(meta={'event_types': ['garmin.training_readiness']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.training_readiness'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        {{ safe_timestamp("data ->> 'timestamp'") }} at time zone 'UTC' as reported_at,
        {{ json_text("data -> 'inputContext'") }} as context,
        {{ json_measurement("data -> 'score'") }} as readiness_score,
        {{ json_text("data -> 'level'") }} as readiness_level,
        {{ json_measurement("data -> 'recoveryTime'") }} as recovery_minutes,
        {{ json_measurement("data -> 'acuteLoad'") }} as acute_load,
        {{ json_measurement("data -> 'sleepScore'") }} as sleep_score,
        {{ json_positive("data -> 'hrvWeeklyAverage'") }} as hrv_weekly_ms,
        ingested_at
    from source
)

select *, num_nonnulls(readiness_score, recovery_minutes, acute_load) > 0 as has_data
from renamed
