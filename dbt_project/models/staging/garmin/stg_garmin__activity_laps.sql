{{ config(meta={'event_types': ['garmin.activity_splits']}) }}

with

source as (
    select * from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.activity_splits'
)

select
    source.event_id,
    source.user_id,
    {{ json_label("source.data -> 'activityId'") }} as activity_id,
    element.ordinal::integer as lap_number,
    {{ safe_timestamp("element.lap ->> 'startTimeGMT'") }} at time zone 'UTC' as started_at,
    {{ json_measurement("element.lap -> 'duration'") }} as duration_s,
    {{ json_measurement("element.lap -> 'distance'") }} as distance_m,
    {{ json_positive("element.lap -> 'averageHR'") }} as avg_hr_bpm,
    {{ json_positive("element.lap -> 'maxHR'") }} as max_hr_bpm,
    {{ json_measurement("element.lap -> 'averageSpeed'") }} as avg_speed_mps,
    {{ json_measurement("element.lap -> 'averagePower'") }} as avg_power_w,
    {{ json_measurement("element.lap -> 'calories'") }} as energy_kcal,
    {{ json_measurement("element.lap -> 'elevationGain'") }} as elevation_gain_m,
    source.ingested_at
from source
cross join lateral jsonb_array_elements({{ json_array("source.data -> 'lapDTOs'") }}) with ordinality as element (lap, ordinal)
