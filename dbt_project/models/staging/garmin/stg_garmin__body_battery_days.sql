{{ config(meta={'event_types': ['garmin.body_battery']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.body_battery'
),

renamed as (
    select
        event_id,
        user_id,
        coalesce({{ safe_date("data ->> 'date'") }}, {{ garmin_day() }}) as day,
        {{ json_measurement("data -> 'charged'") }} as body_battery_charged,
        {{ json_measurement("data -> 'drained'") }} as body_battery_drained,
        ingested_at
    from source
)

select *, num_nonnulls(body_battery_charged, body_battery_drained) > 0 as has_data
from renamed
