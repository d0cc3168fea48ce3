{{ config(meta={'event_types': ['garmin.sleep', 'garmin.sleep_summary']}) }}

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
        -- The account's export and some clients report the night bare and without its series: it fills holes alone.
        event_type = 'garmin.sleep' as is_full,
        case when jsonb_typeof(data -> 'dailySleepDTO') = 'object' then data -> 'dailySleepDTO' else data end as night,
        ingested_at
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type in ('garmin.sleep', 'garmin.sleep_summary')
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day('night') }} as day,
        is_full,
        -- The export writes instants as text.
        coalesce(
            {{ json_epoch_ms("night -> 'sleepStartTimestampGMT'") }},
            {{ safe_timestamp("night ->> 'sleepStartTimestampGMT'") }} at time zone 'UTC'
        ) as sleep_start_at,
        coalesce(
            {{ json_epoch_ms("night -> 'sleepEndTimestampGMT'") }},
            {{ safe_timestamp("night ->> 'sleepEndTimestampGMT'") }} at time zone 'UTC'
        ) as sleep_end_at,
        -- "Local" is the wall clock written as if it were UTC: its distance from GMT is the offset.
        coalesce(
            {{ json_epoch_ms("night -> 'sleepEndTimestampLocal'") }} - {{ json_epoch_ms("night -> 'sleepEndTimestampGMT'") }},
            utc_offset
        ) as utc_offset,

        -- The export reports the stages alone.
        coalesce(
            {{ json_measurement("night -> 'sleepTimeSeconds'") }},
            {{ json_measurement("night -> 'deepSleepSeconds'") }} + {{ json_measurement("night -> 'lightSleepSeconds'") }}
            + coalesce({{ json_measurement("night -> 'remSleepSeconds'") }}, 0)
        ) / 60 as sleep_minutes,
        {{ json_measurement("night -> 'deepSleepSeconds'") }} / 60 as deep_sleep_minutes,
        {{ json_measurement("night -> 'lightSleepSeconds'") }} / 60 as light_sleep_minutes,
        {{ json_measurement("night -> 'remSleepSeconds'") }} / 60 as rem_sleep_minutes,
        {{ json_measurement("night -> 'awakeSleepSeconds'") }} / 60 as awake_minutes,
        coalesce(
            {{ json_measurement("night -> 'sleepScores' -> 'overall' -> 'value'") }},
            {{ json_measurement("night -> 'sleepScores' -> 'overallScore'") }}
        ) as sleep_score,
        coalesce(
            {{ json_positive("night -> 'averageRespirationValue'") }}, {{ json_positive("night -> 'averageRespiration'") }}
        ) as respiration_brpm,
        coalesce(
            {{ json_positive("night -> 'averageSpO2Value'") }},
            {{ json_positive("night -> 'spo2SleepSummary' -> 'averageSPO2'") }}
        ) as spo2_pct,
        {{ json_measurement("night -> 'avgSleepStress'") }} as sleep_stress,
        {{ json_positive('resting') }} as resting_hr_bpm,
        {{ json_positive('overnight_hrv') }} as hrv_rmssd_ms,

        ingested_at
    from source
)

select *, sleep_minutes is not null as has_data
from renamed
