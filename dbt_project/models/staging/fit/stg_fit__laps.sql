{{ config(meta={'event_types': ['fit.activity', 'track.activity']}) }}

with

source as (
    select * from {{ changed_events(ref('base_fit__files')) }}
    where event_type in ('fit.activity', 'track.activity')
)

select
    source.event_id,
    source.user_id,
    element.ordinal::integer as lap_number,
    {{ safe_timestamp("element.lap ->> 'start_time'") }} at time zone 'UTC' as started_at,
    coalesce(
        {{ json_measurement("element.lap -> 'total_timer_time_s'") }},
        {{ json_measurement("element.lap -> 'total_elapsed_time_s'") }}
    ) as duration_s,
    {{ json_measurement("element.lap -> 'total_distance_m'") }} as distance_m,
    {{ json_positive("element.lap -> 'avg_heart_rate_bpm'") }} as avg_hr_bpm,
    {{ json_positive("element.lap -> 'max_heart_rate_bpm'") }} as max_hr_bpm,
    {{ json_measurement("element.lap -> 'avg_speed_mps'") }} as avg_speed_mps,
    {{ json_measurement("element.lap -> 'avg_power_w'") }} as avg_power_w,
    {{ json_measurement("element.lap -> 'total_calories_kcal'") }} as energy_kcal,
    {{ json_measurement("element.lap -> 'total_ascent_m'") }} as elevation_gain_m,
    source.ingested_at
from source
cross join lateral jsonb_array_elements({{ json_array("source.data -> 'laps'") }}) with ordinality as element (lap, ordinal)
