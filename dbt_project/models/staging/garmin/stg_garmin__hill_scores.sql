{{ config(meta={'event_types': ['garmin.hill_score', 'garmin.hill_score_export']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.hill_score', 'garmin.hill_score_export')
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        -- The account's export reports it each time that it was computed.
        {{ json_epoch_ms("data -> 'timestamp'") }} as computed_at,
        {{ json_measurement("data -> 'overallScore'") }} as hill_score,
        {{ json_measurement("data -> 'strengthScore'") }} as hill_strength_score,
        {{ json_measurement("data -> 'enduranceScore'") }} as hill_endurance_score,
        ingested_at
    from source
)

select *, num_nonnulls(hill_score, hill_strength_score, hill_endurance_score) > 0 as has_data
from renamed
