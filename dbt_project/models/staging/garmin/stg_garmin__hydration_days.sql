{{ config(meta={'event_types': ['garmin.hydration']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.hydration'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        {{ json_measurement("data -> 'valueInML'") }} as fluids_ml,
        {{ json_measurement("data -> 'goalInML'") }} as fluids_goal_ml,
        ingested_at
    from source
)

select *, num_nonnulls(fluids_ml) > 0 as has_data
from renamed
