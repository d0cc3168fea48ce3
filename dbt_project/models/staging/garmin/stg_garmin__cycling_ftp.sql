with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.cycling_ftp'
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_text("data -> 'sport'") }} as sport,
        {{ json_positive("data -> 'functionalThresholdPower'") }} as ftp_w,
        ingested_at
    from source
)

select *, num_nonnulls(ftp_w) > 0 as has_data
from renamed
