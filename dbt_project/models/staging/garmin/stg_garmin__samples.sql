-- A view: nothing in a build reads all samples, and who looks at one person's days pays for those alone.

with

-- Materialized: the log is read and sorted once, not once a branch.
payloads as materialized (
    select
        payload.event_id,
        payload.user_id,
        payload.event_type,
        case payload.event_type
            when 'garmin.hrv' then {{ garmin_day("(payload.data -> 'hrvSummary')") }}
            else {{ garmin_day('payload.data') }}
        end as day,
        -- A day on which the clock changes begins and ends with another offset.
        coalesce(
            {{ safe_timestamp("payload.data ->> 'startTimestampLocal'") }}
            - {{ safe_timestamp("payload.data ->> 'startTimestampGMT'") }},
            payload.utc_offset
        ) as start_offset,
        coalesce(
            {{ safe_timestamp("payload.data ->> 'endTimestampLocal'") }}
            - {{ safe_timestamp("payload.data ->> 'endTimestampGMT'") }},
            payload.utc_offset
        ) as end_offset,
        people.timezone,
        payload.data,
        payload.ingested_at
    from {{ ref('base_garmin__payloads') }} as payload
    left join {{ ref('stg_ops__people') }} as people on people.user_id = payload.user_id
    where payload.event_type in (
        'garmin.heart_rate', 'garmin.stress', 'garmin.respiration', 'garmin.spo2', 'garmin.intensity_minutes',
        'garmin.hrv', 'garmin.floors', 'garmin.steps_interval'
    )
),

exploded as (
    {{ exploded_samples('heart_rate', 'heart_rate_bpm', '$.heartRateValues[*]', '$[0]', '$[1]', '> 0') }}
    union all
    {{ exploded_samples('stress', 'stress_level', '$.stressValuesArray[*]', '$[0]', '$[1]', '>= 0') }}
    union all
    {{ exploded_samples('stress', 'body_battery_level', '$.bodyBatteryValuesArray[*]', '$[0]', '$[2]', '>= 0') }}
    union all
    {{ exploded_samples('respiration', 'respiration_brpm', '$.respirationValuesArray[*]', '$[0]', '$[1]', '> 0') }}
    union all
    {{ exploded_samples('spo2', 'spo2_pct', '$.spO2HourlyAverages[*]', '$[0]', '$[1]', '> 0') }}
    union all
    {{ exploded_samples('intensity_minutes', 'intensity_minutes', '$.imValuesArray[*]', '$[0]', '$[1]', '>= 0') }}
    union all
    select
        payload.event_id, payload.user_id, payload.day, payload.start_offset, payload.end_offset, payload.timezone,
        'hrv_ms' as measure, {{ safe_timestamp('sample.read_at') }} at time zone 'UTC' as measured_at, sample.value,
        payload.ingested_at
    from payloads as payload
    cross join lateral json_table(
        payload.data, '$.hrvReadings[*]'
        columns (read_at text path '$.readingTimeGMT', value double precision path '$.hrvValue')
    ) as sample
    where payload.event_type = 'garmin.hrv' and sample.value > 0
    union all
    select
        payload.event_id, payload.user_id, payload.day, payload.start_offset, payload.end_offset, payload.timezone,
        'floors_climbed' as measure, {{ safe_timestamp('sample.read_at') }} at time zone 'UTC' as measured_at, sample.value,
        payload.ingested_at
    from payloads as payload
    cross join lateral json_table(
        payload.data, '$.floorValuesArray[*]'
        columns (read_at text path '$[0]', value double precision path '$[2]')
    ) as sample
    where payload.event_type = 'garmin.floors' and sample.value >= 0
    union all
    -- Steps come as one event a quarter of an hour.
    select
        event_id, user_id, day, start_offset, end_offset, timezone, 'steps' as measure,
        {{ safe_timestamp("data ->> 'startGMT'") }} at time zone 'UTC' as measured_at,
        {{ json_measurement("data -> 'steps'") }} as value, ingested_at
    from payloads
    where event_type = 'garmin.steps_interval' and {{ json_measurement("data -> 'steps'") }} is not null
),

clocked as (
    select
        *,
        measured_at at time zone 'UTC' as utc_at,
        start_offset is distinct from end_offset as is_clock_changed
    from exploded
    where measured_at is not null
)

select
    event_id,
    user_id,
    coalesce(day, (utc_at + start_offset)::date) as day,
    measure,
    measured_at,
    -- Where the clock changed within the day, the person's zone says when; what it cannot say keeps the day's first.
    case
        when is_clock_changed and timezone is not null
            and (measured_at at time zone timezone) - utc_at in (start_offset, end_offset)
        then measured_at at time zone timezone
        else utc_at + start_offset
    end as local_at,
    value,
    ingested_at
from clocked
