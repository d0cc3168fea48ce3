{{ config(meta={'event_types': ['garmin.cycling_ftp']}) }}

-- One row a version: the account reports the latest threshold alone, so that older versions are its history.

with

source as (
    select * from {{ ref('base_garmin__versions') }}
    where event_type = 'garmin.cycling_ftp'
),

renamed as (
    select
        event_id,
        user_id,
        -- Reported on the person's clock.
        coalesce({{ safe_date("data ->> 'calendarDate'") }}, seen_day) as day,
        {{ json_text("data -> 'sport'") }} as sport,
        {{ json_positive("data -> 'functionalThresholdPower'") }} as ftp_w,
        ingested_at
    from source
)

select *, num_nonnulls(ftp_w) > 0 as has_data
from renamed
