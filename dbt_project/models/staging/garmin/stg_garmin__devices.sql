{{ config(meta={'event_types': ['garmin.device']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.device'
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_label("data -> 'deviceId'") }} as device_id,
        coalesce({{ json_text("data -> 'productDisplayName'") }}, {{ json_text("data -> 'displayName'") }}) as device_name,
        {{ json_epoch_ms("data -> 'lastUsed'") }} as last_used_at,
        ingested_at
    from source
)

select *, num_nonnulls(device_name) > 0 as has_data
from renamed
