with

-- Materialized, so that the payload is unpacked once and not once a column.
source as materialized (
    select
        event_id,
        user_id,
        utc_offset,
        metadata,
        data -> 'restingHeartRate' as resting,
        data -> 'avgOvernightHrv' as overnight_hrv,
        -- Connect wraps the night; the account export gives it bare.
        case when jsonb_typeof(data -> 'dailySleepDTO') = 'object' then data -> 'dailySleepDTO' else data end as night,
        ingested_at
    from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.sleep'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day('night') }} as day,
        {{ json_epoch_ms("night -> 'sleepStartTimestampGMT'") }} as sleep_start_at,
        {{ json_epoch_ms("night -> 'sleepEndTimestampGMT'") }} as sleep_end_at,
        -- "Local" is the wall clock written as if it were UTC: its distance from GMT is the offset.
        coalesce(
            {{ json_epoch_ms("night -> 'sleepEndTimestampLocal'") }} - {{ json_epoch_ms("night -> 'sleepEndTimestampGMT'") }},
            utc_offset
        ) as utc_offset,

        {{ json_measurement("night -> 'sleepTimeSeconds'") }} / 60 as sleep_minutes,
        {{ json_measurement("night -> 'deepSleepSeconds'") }} / 60 as deep_sleep_minutes,
        {{ json_measurement("night -> 'lightSleepSeconds'") }} / 60 as light_sleep_minutes,
        {{ json_measurement("night -> 'remSleepSeconds'") }} / 60 as rem_sleep_minutes,
        {{ json_measurement("night -> 'awakeSleepSeconds'") }} / 60 as awake_minutes,
        {{ json_measurement("night -> 'sleepScores' -> 'overall' -> 'value'") }} as sleep_score,
        {{ json_positive("night -> 'averageRespirationValue'") }} as respiration_brpm,
        {{ json_positive("night -> 'averageSpO2Value'") }} as spo2_pct,
        {{ json_measurement("night -> 'avgSleepStress'") }} as sleep_stress,
        {{ json_positive('resting') }} as resting_hr_bpm,
        {{ json_positive('overnight_hrv') }} as hrv_rmssd_ms,

        ingested_at
    from source
)

select *, sleep_minutes is not null as has_data
from renamed
