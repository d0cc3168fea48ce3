{{ config(meta={'event_types': ['garmin.spo2']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.spo2'
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        {{ json_positive("data -> 'averageSpO2'") }} as spo2_pct,
        {{ json_positive("data -> 'lowestSpO2'") }} as lowest_spo2_pct,
        {{ json_positive("data -> 'avgSleepSpO2'") }} as sleep_spo2_pct,
        {{ json_positive("data -> 'lastSevenDaysAvgSpO2'") }} as weekly_spo2_pct,
        ingested_at
    from source
)

select *, num_nonnulls(spo2_pct, lowest_spo2_pct, sleep_spo2_pct, weekly_spo2_pct) > 0 as has_data
from renamed
