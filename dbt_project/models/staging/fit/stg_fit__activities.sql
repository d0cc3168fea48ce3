{{ config(meta={'event_types': ['fit.activity', 'track.activity']}) }}

with

source as (
    select * from {{ changed_events(ref('base_fit__files')) }}
    -- TCX and GPX files report a session as FIT files do.
    where event_type in ('fit.activity', 'track.activity')
),

sessions as (
    select
        source.*,
        element.session,
        element.ordinal
    from source
    cross join lateral jsonb_array_elements({{ json_array("source.data -> 'sessions'") }})
        with ordinality as element (session, ordinal)
),

renamed as (
    select
        event_id,
        user_id,
        event_id::text || '/' || ordinal as session_id,
        ordinal::integer as session_number,
        case
            when pg_input_is_valid(session ->> 'start_time', 'timestamptz')
                and session ->> 'start_time' ~ '^(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d'
            -- A text without a zone is UTC, whatever zone this session runs in.
            then case
                when session ->> 'start_time' ~ '(Z|[+-]\d\d(:?\d\d)?)$' then (session ->> 'start_time')::timestamptz
                else (session ->> 'start_time')::timestamp at time zone 'UTC'
            end
            when ordinal = 1 then occurred_at
        end as started_at,
        utc_offset,
        -- Files that Garmin gave for an activity carry its number; others do not.
        {{ json_label("metadata -> 'garmin_activity_id'") }} as activity_id,
        {{ json_label("data -> 'device' -> 'serial'") }} as device_id,
        {{ json_text("session -> 'sport'") }} as sport,
        {{ json_text("session -> 'sub_sport'") }} as sub_sport,
        coalesce(
            {{ json_measurement("session -> 'total_timer_time_s'") }},
            {{ json_measurement("session -> 'total_elapsed_time_s'") }}
        ) as duration_s,
        {{ json_measurement("session -> 'total_elapsed_time_s'") }} as elapsed_s,
        {{ json_measurement("session -> 'total_distance_m'") }} as distance_m,
        {{ json_positive("session -> 'avg_heart_rate_bpm'") }} as avg_hr_bpm,
        {{ json_positive("session -> 'max_heart_rate_bpm'") }} as max_hr_bpm,
        {{ json_measurement("session -> 'avg_power_w'") }} as avg_power_w,
        {{ json_measurement("session -> 'normalized_power_w'") }} as normalized_power_w,
        {{ json_measurement("session -> 'total_calories_kcal'") }} as energy_kcal,
        {{ json_measurement("session -> 'total_ascent_m'") }} as elevation_gain_m,
        ingested_at
    from sessions
)

select
    *,
    {{ local_day('started_at', 'utc_offset') }} as day,
    num_nonnulls(duration_s, distance_m, avg_hr_bpm) > 0 as has_data
from renamed
