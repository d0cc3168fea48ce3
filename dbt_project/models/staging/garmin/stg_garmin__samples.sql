-- A view: nothing in a build reads all samples. Who asks for one person's days reads that person's payloads and no others:
-- each is taken from the log once, and unpacked once for what it states about itself and once a series.

with

exploded as (
    select
        payload.event_id, payload.user_id, stated.day, stated.start_offset, stated.clock_zone,
        sample.measure, sample.measured_at, sample.value, payload.ingested_at
    from {{ ref('base_garmin__payloads') }} as payload
    left join {{ ref('stg_ops__people') }} as people on people.user_id = payload.user_id
    cross join lateral (
        select
            payload.event_type,
            coalesce(about.day, about.night, {{ safe_date("payload.metadata ->> 'day'") }}) as day,
            coalesce(about.start_local - about.start_gmt, payload.utc_offset) as start_offset,
            -- A day on which the clock changes begins and ends with another offset. When it changed is known where the
            -- person's zone tells both; on a day of travel it is not.
            case
                when about.start_local - about.start_gmt <> about.end_local - about.end_gmt
                    and (about.start_gmt at time zone 'UTC') at time zone people.timezone = about.start_local
                    and (about.end_gmt at time zone 'UTC') at time zone people.timezone = about.end_local
                then people.timezone
            end as clock_zone
        from json_table(
            payload.data, '$'
            columns (
                day date path '$.calendarDate ? (@ starts with "20")',
                night date path '$.hrvSummary.calendarDate ? (@ starts with "20")',
                start_local timestamp path '$.startTimestampLocal ? (@ starts with "20")',
                start_gmt timestamp path '$.startTimestampGMT ? (@ starts with "20")',
                end_local timestamp path '$.endTimestampLocal ? (@ starts with "20")',
                end_gmt timestamp path '$.endTimestampGMT ? (@ starts with "20")'
            )
        ) as about
        -- Computed once a payload: without this, once a sample.
        offset 0
    ) as stated
    cross join lateral (
        {{ samples_by_instant('heart_rate', 'heart_rate_bpm', '$.heartRateValues[*]', '$[0]', '$[1]', '> 0') }}
        union all
        {{ samples_by_instant('stress', 'stress_level', '$.stressValuesArray[*]', '$[0]', '$[1]', '>= 0') }}
        union all
        {{ samples_by_instant('stress', 'body_battery_level', '$.bodyBatteryValuesArray[*]', '$[0]', '$[2]', '>= 0') }}
        union all
        {{ samples_by_instant('respiration', 'respiration_brpm', '$.respirationValuesArray[*]', '$[0]', '$[1]', '> 0') }}
        union all
        {{ samples_by_instant('spo2', 'spo2_pct', '$.spO2HourlyAverages[*]', '$[0]', '$[1]', '> 0') }}
        union all
        {{ samples_by_instant('intensity_minutes', 'intensity_minutes', '$.imValuesArray[*]', '$[0]', '$[1]', '>= 0') }}
        union all
        {{ samples_by_clock('hrv', 'hrv_ms', '$.hrvReadings[*]', '$.readingTimeGMT', '$.hrvValue', '> 0') }}
        union all
        {{ samples_by_clock('floors', 'floors_climbed', '$.floorValuesArray[*]', '$[0]', '$[2]', '>= 0') }}
        union all
        {{ samples_by_clock('steps_intervals', 'steps', '$.stepsIntervals[*]', '$.startGMT', '$.steps', '>= 0') }}
    ) as sample
    where payload.event_type in (
        'garmin.heart_rate', 'garmin.stress', 'garmin.respiration', 'garmin.spo2', 'garmin.intensity_minutes',
        'garmin.hrv', 'garmin.floors', 'garmin.steps_intervals'
    )
),

clocked as (
    select *, measured_at at time zone 'UTC' as utc_at
    from exploded
)

select
    event_id,
    user_id,
    coalesce(day, (utc_at + start_offset)::date) as day,
    measure,
    measured_at,
    case when clock_zone is not null then measured_at at time zone clock_zone else utc_at + start_offset end as local_at,
    value,
    ingested_at
from clocked
