{{ config(meta={'event_types': ['garmin.personal_record', 'garmin.personal_record_export']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.personal_record', 'garmin.personal_record_export')
),

renamed as (
    select
        event_id,
        user_id,
        {{ local_day('occurred_at', 'utc_offset') }} as day,
        coalesce({{ json_label("data -> 'typeId'") }}, {{ json_label("data -> 'personalRecordType'") }}) as record_type,
        {{ json_text("data -> 'activityType'") }} as sport,
        {{ json_label("data -> 'activityId'") }} as activity_id,
        -- The account's export writes it as Java does, and the event has read that.
        coalesce({{ json_epoch_ms("data -> 'prStartTimeGmt'") }}, occurred_at) as achieved_at,
        {{ json_measurement("data -> 'value'") }} as value,
        ingested_at
    from source
)

select *, num_nonnulls(value) > 0 as has_data
from renamed
