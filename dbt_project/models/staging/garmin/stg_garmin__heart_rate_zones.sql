with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.heart_rate_zones', 'garmin.power_zones')
),

renamed as (
    select
        event_id,
        user_id,
        case event_type when 'garmin.power_zones' then 'power' else 'heart rate' end as measured_by,
        {{ json_text("data -> 'trainingMethod'") }} as training_method,
        {{ json_text("data -> 'sport'") }} as sport,
        {{ json_positive("data -> 'zone1Floor'") }} as zone_1_floor,
        {{ json_positive("data -> 'zone2Floor'") }} as zone_2_floor,
        {{ json_positive("data -> 'zone3Floor'") }} as zone_3_floor,
        {{ json_positive("data -> 'zone4Floor'") }} as zone_4_floor,
        {{ json_positive("data -> 'zone5Floor'") }} as zone_5_floor,
        {{ json_positive("data -> 'maxHeartRateUsed'") }} as max_hr_bpm,
        coalesce({{ json_positive("data -> 'lactateThresholdHeartRateUsed'") }}, {{ json_positive("data -> 'functionalThresholdPower'") }}) as threshold,
        ingested_at
    from source
)

select *, num_nonnulls(zone_1_floor, zone_2_floor, zone_3_floor, zone_4_floor, zone_5_floor) > 0 as has_data
from renamed
