{{ config(meta={'event_types': ['garmin.respiration']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.respiration'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        {{ json_positive("data -> 'avgWakingRespirationValue'") }} as waking_respiration_brpm,
        {{ json_positive("data -> 'avgSleepRespirationValue'") }} as sleep_respiration_brpm,
        {{ json_positive("data -> 'lowestRespirationValue'") }} as lowest_respiration_brpm,
        {{ json_positive("data -> 'highestRespirationValue'") }} as highest_respiration_brpm,
        ingested_at
    from source
)

select *, num_nonnulls(waking_respiration_brpm, sleep_respiration_brpm, lowest_respiration_brpm, highest_respiration_brpm) > 0 as has_data
from renamed
