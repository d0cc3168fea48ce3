with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.race_predictions'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        {{ json_positive("data -> 'time5K'") }} as time_5k_s,
        {{ json_positive("data -> 'time10K'") }} as time_10k_s,
        {{ json_positive("data -> 'timeHalfMarathon'") }} as time_half_marathon_s,
        {{ json_positive("data -> 'timeMarathon'") }} as time_marathon_s,
        ingested_at
    from source
)

select *, num_nonnulls(time_5k_s, time_10k_s, time_half_marathon_s, time_marathon_s) > 0 as has_data
from renamed
