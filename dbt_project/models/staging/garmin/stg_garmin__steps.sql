{{ config(meta={'event_types': ['garmin.steps']}) }}

with

source as (
    select * from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.steps'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        utc_offset,
        {{ json_measurement("data -> 'totalSteps'") }} as steps,
        {{ json_measurement("data -> 'totalDistance'") }} as distance_m,
        ingested_at
    from source
)

select *, steps is not null as has_data
from renamed
