{{ config(meta={'event_types': ['garmin.heart_rate_summary']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.heart_rate_summary'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        {{ json_positive("data -> 'values' -> 'restingHR'") }} as resting_hr_bpm,
        ingested_at
    from source
)

select *, num_nonnulls(resting_hr_bpm) > 0 as has_data
from renamed
