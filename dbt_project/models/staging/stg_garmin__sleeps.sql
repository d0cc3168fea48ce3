with payloads as ({{ current_events(source('garmin', 'payloads'), ['garmin.sleep']) }}),

nights as (
    select *, data -> 'dailySleepDTO' as night from payloads where day is not null
),

renamed as (
    select
        user_id, day, ingested_at,
        {{ instant_of_ms("night -> 'sleepStartTimestampGMT'") }} as sleep_start_at,
        {{ instant_of_ms("night -> 'sleepEndTimestampGMT'") }} as sleep_end_at,
        -- "Local" is the wall clock written as if it were UTC: its distance from GMT is the offset.
        coalesce(
            {{ instant_of_ms("night -> 'sleepEndTimestampLocal'") }}
            - {{ instant_of_ms("night -> 'sleepEndTimestampGMT'") }},
            utc_offset
        ) as utc_offset,
        {{ measured("night -> 'sleepTimeSeconds'") }} / 60 as sleep_minutes,
        {{ measured("night -> 'deepSleepSeconds'") }} / 60 as deep_sleep_minutes,
        {{ measured("night -> 'lightSleepSeconds'") }} / 60 as light_sleep_minutes,
        {{ measured("night -> 'remSleepSeconds'") }} / 60 as rem_sleep_minutes,
        {{ measured("night -> 'awakeSleepSeconds'") }} / 60 as awake_minutes,
        {{ measured("night -> 'sleepScores' -> 'overall' -> 'value'") }} as sleep_score,
        {{ measured("night -> 'averageRespirationValue'") }} as respiration_brpm,
        {{ measured("night -> 'averageSpO2Value'") }} as spo2_pct,
        {{ measured("night -> 'avgSleepStress'") }} as sleep_stress,
        nullif({{ measured("data -> 'restingHeartRate'") }}, 0) as resting_hr_bpm
    from nights
)

select distinct on (user_id, day) * from renamed
where sleep_minutes is not null
order by user_id, day, ingested_at desc
