{{ config(meta={'event_types': ['garmin.race_predictions', 'garmin.race_predictions_export']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.race_predictions', 'garmin.race_predictions_export')
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        -- The account's export reports them each time that they were computed.
        {{ safe_timestamp("data ->> 'timestamp'") }} at time zone 'UTC' as computed_at,
        coalesce({{ json_positive("data -> 'time5K'") }}, {{ json_positive("data -> 'raceTime5K'") }}) as time_5k_s,
        coalesce({{ json_positive("data -> 'time10K'") }}, {{ json_positive("data -> 'raceTime10K'") }}) as time_10k_s,
        coalesce({{ json_positive("data -> 'timeHalfMarathon'") }}, {{ json_positive("data -> 'raceTimeHalf'") }}) as time_half_marathon_s,
        coalesce({{ json_positive("data -> 'timeMarathon'") }}, {{ json_positive("data -> 'raceTimeMarathon'") }}) as time_marathon_s,
        ingested_at
    from source
)

select *, num_nonnulls(time_5k_s, time_10k_s, time_half_marathon_s, time_marathon_s) > 0 as has_data
from renamed
