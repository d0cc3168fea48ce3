with files as ({{ current_events(source('inbox', 'fit_files'), ['fit.activity']) }}),

sessions as (
    select f.*, session.value as session, session.ordinality as place
    from files f,
        jsonb_array_elements(
            case when jsonb_typeof(f.data -> 'sessions') = 'array' then f.data -> 'sessions' else '[]'::jsonb end
        ) with ordinality session
)

select
    user_id, ingested_at, utc_offset,
    'fit:' || event_id || '/' || place as activity_id,
    coalesce({{ instant_of_gmt("session -> 'start_time'") }}, occurred_at) as started_at,
    {{ string("session -> 'sport'") }} as sport,
    coalesce(
        {{ measured("session -> 'total_timer_time_s'") }}, {{ measured("session -> 'total_elapsed_time_s'") }}
    ) as duration_s,
    {{ measured("session -> 'total_distance_m'") }} as distance_m,
    {{ measured("session -> 'avg_heart_rate_bpm'") }} as avg_hr_bpm,
    {{ measured("session -> 'max_heart_rate_bpm'") }} as max_hr_bpm,
    {{ measured("session -> 'avg_power_w'") }} as avg_power_w,
    {{ measured("session -> 'normalized_power_w'") }} as normalized_power_w,
    {{ measured("session -> 'total_calories_kcal'") }} as energy_kcal,
    {{ measured("session -> 'total_ascent_m'") }} as elevation_gain_m,
    {{ measured("data -> 'records'") }} as records
from sessions
