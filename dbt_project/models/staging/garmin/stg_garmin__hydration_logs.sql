{{ config(meta={'event_types': ['garmin.hydration_log']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.hydration_log'
)

select
    event_id,
    user_id,
    {{ garmin_day() }} as day,
    {{ safe_timestamp("data ->> 'timestampLocal'") }} as drunk_local_at,
    -- Less than nothing where a drink was taken back.
    {{ json_number("data -> 'valueInML'") }} as fluids_ml,
    ingested_at
from source
