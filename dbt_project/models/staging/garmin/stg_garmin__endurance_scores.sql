with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.endurance_score'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        {{ json_measurement("data -> 'overallScore'") }} as endurance_score,
        {{ json_label("data -> 'classification'") }} as endurance_class,
        ingested_at
    from source
)

select *, num_nonnulls(endurance_score) > 0 as has_data
from renamed
