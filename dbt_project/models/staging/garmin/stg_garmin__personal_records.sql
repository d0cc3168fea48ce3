with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.personal_record'
),

renamed as (
    select
        event_id,
        user_id,
        {{ local_day('occurred_at', 'utc_offset') }} as day,
        {{ json_label("data -> 'typeId'") }} as record_type,
        {{ json_text("data -> 'activityType'") }} as sport,
        {{ json_label("data -> 'activityId'") }} as activity_id,
        {{ json_epoch_ms("data -> 'prStartTimeGmt'") }} as achieved_at,
        {{ json_measurement("data -> 'value'") }} as value,
        ingested_at
    from source
)

select *, num_nonnulls(value) > 0 as has_data
from renamed
