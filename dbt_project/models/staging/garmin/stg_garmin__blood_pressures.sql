{{ config(meta={'event_types': ['garmin.blood_pressure', 'garmin.blood_pressure_export']}) }}

with

source as (
    select
        *,
        -- The account's export nests the figures, and writes the wall clock as a list of numbers.
        case event_type when 'garmin.blood_pressure_export' then data -> 'bloodPressure' else data end as figures,
        {{ json_array("data -> 'metaData' -> 'calendarDate'") }} as clock
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type in ('garmin.blood_pressure', 'garmin.blood_pressure_export')
),

clocked as (
    select
        *,
        concat(clock ->> 0, '-', lpad(clock ->> 1, 2, '0'), '-', lpad(clock ->> 2, 2, '0'), ' ',
            lpad(coalesce(clock ->> 3, '0'), 2, '0'), ':', lpad(coalesce(clock ->> 4, '0'), 2, '0'), ':',
            lpad(coalesce(clock ->> 5, '0'), 2, '0')) as written_local_at
    from source
),

renamed as (
    select
        event_id,
        user_id,
        coalesce({{ garmin_day() }}, {{ local_day('occurred_at', 'utc_offset') }}) as day,
        utc_offset,
        event_type = 'garmin.blood_pressure_export' as is_exported,
        coalesce(
            {{ safe_timestamp("data ->> 'measurementTimestampGMT'") }} at time zone 'UTC',
            ({{ safe_timestamp('written_local_at') }} - utc_offset) at time zone 'UTC',
            occurred_at
        ) as measured_at,
        {{ json_positive("figures -> 'systolic'") }} as systolic_mmhg,
        {{ json_positive("figures -> 'diastolic'") }} as diastolic_mmhg,
        {{ json_positive("figures -> 'pulse'") }} as pulse_bpm,
        ingested_at
    from clocked
)

select *, num_nonnulls(systolic_mmhg, diastolic_mmhg, pulse_bpm) > 0 as has_data
from renamed
