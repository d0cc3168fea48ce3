{{ config(meta={'event_types': ['garmin.endurance_score', 'garmin.endurance_score_export']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.endurance_score', 'garmin.endurance_score_export')
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        -- The account's export reports it each time that it was computed.
        {{ json_epoch_ms("data -> 'timestamp'") }} as computed_at,
        {{ json_measurement("data -> 'overallScore'") }} as endurance_score,
        {{ json_label("data -> 'classification'") }} as endurance_class,
        ingested_at
    from source
)

select *, num_nonnulls(endurance_score) > 0 as has_data
from renamed
