{{ config(meta={'event_types': ['garmin.sleep_score']}) }}

with

source as (
    select * from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.sleep_score'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        {{ json_measurement("data -> 'value'") }} as sleep_score,
        ingested_at
    from source
)

select *, sleep_score is not null as has_data
from renamed
