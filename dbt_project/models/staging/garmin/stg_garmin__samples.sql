-- A view: nothing in a build reads all samples. Who asks for one person's days reads that person's payloads and no others:
-- each is taken from the log once, and unpacked once for what it states about itself and once a series.

with

exploded as (
    select
        payload.event_id, payload.user_id, stated.day, stated.start_offset, stated.is_by_zone, people.timezone,
        sample.measure, sample.measured_at, sample.value, payload.ingested_at
    from {{ ref('base_garmin__payloads') }} as payload
    left join {{ ref('stg_ops__people') }} as people on people.user_id = payload.user_id
    cross join lateral (
        select
            payload.event_type,
            coalesce(about.day, about.night, {{ safe_date("payload.metadata ->> 'day'") }}) as day,
            coalesce(about.start_local - about.start_gmt, payload.utc_offset) as start_offset,
            -- Whether the day went by the clock of the person's zone: it explains the offset at the start, and at the end.
            (about.start_gmt at time zone 'UTC' at time zone people.timezone) = about.start_local
                and coalesce((about.end_gmt at time zone 'UTC' at time zone people.timezone) = about.end_local, true)
                as is_by_zone
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
    -- Part of a day's steps, of a file, is told again by the whole day.
    and not (
        payload.data ? 'partStartGMT' and exists (
            select from {{ ref('base_garmin__payloads') }} as whole
            where whole.user_id = payload.user_id and whole.event_type = payload.event_type
                and whole.data ? 'endTimestampGMT' and whole.metadata ->> 'day' = payload.metadata ->> 'day'
        )
    )
),

clocked as (
    select
        *,
        measured_at at time zone 'UTC' as utc_at
    from exploded
)

select
    event_id,
    user_id,
    coalesce(day, (utc_at + start_offset)::date) as day,
    measure,
    measured_at,
    -- Where the clock changed within the day, the person's zone says when; what it cannot say keeps the day's first.
    case when is_by_zone then measured_at at time zone timezone else utc_at + start_offset end as local_at,
    value,
    ingested_at
from clocked
