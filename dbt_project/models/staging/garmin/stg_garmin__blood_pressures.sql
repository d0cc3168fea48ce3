with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.blood_pressure'
),

renamed as (
    select
        event_id,
        user_id,
        coalesce({{ garmin_day() }}, {{ local_day('occurred_at', 'utc_offset') }}) as day,
        utc_offset,
        coalesce({{ safe_timestamp("data ->> 'measurementTimestampGMT'") }} at time zone 'UTC', occurred_at) as measured_at,
        {{ json_positive("data -> 'systolic'") }} as systolic_mmhg,
        {{ json_positive("data -> 'diastolic'") }} as diastolic_mmhg,
        {{ json_positive("data -> 'pulse'") }} as pulse_bpm,
        ingested_at
    from source
)

select *, num_nonnulls(systolic_mmhg, diastolic_mmhg, pulse_bpm) > 0 as has_data
from renamed
