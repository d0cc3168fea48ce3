{{ config(meta={'event_types': ['garmin.heart_rate_zones', 'garmin.power_zones']}) }}

-- One row a version: the account reports the zones of now alone, so that older versions are their history.

with

source as (
    select * from {{ changed_events(ref('base_garmin__versions')) }}
    where event_type in ('garmin.heart_rate_zones', 'garmin.power_zones')
),

renamed as (
    select
        event_id,
        user_id,
        case event_type when 'garmin.power_zones' then 'power' else 'heart rate' end as measured_by,
        {{ json_text("data -> 'trainingMethod'") }} as training_method,
        {{ json_text("data -> 'sport'") }} as sport,
        {% for zone in range(1, 8) -%}
        {{ json_positive("data -> 'zone" ~ zone ~ "Floor'") }} as zone_{{ zone }}_floor,
        {% endfor -%}
        {{ json_positive("data -> 'maxHeartRateUsed'") }} as max_hr_bpm,
        coalesce(
            {{ json_positive("data -> 'lactateThresholdHeartRateUsed'") }},
            {{ json_positive("data -> 'functionalThresholdPower'") }}
        ) as threshold,
        seen_day,
        ingested_at
    from source
)

select *, num_nonnulls(zone_1_floor, zone_2_floor, zone_3_floor, zone_4_floor, zone_5_floor) > 0 as has_data
from renamed
