{{ config(meta={'event_types': ['garmin.activity_export']}) }}

with

-- Materialized and stripped, so that the payload is unpacked once and not once a column.
source as materialized (
    select event_id, user_id, occurred_at, utc_offset, jsonb_strip_nulls(data) as data, ingested_at
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.activity_export'
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_label("data -> 'activityId'") }} as activity_id,
        coalesce(
            {{ json_epoch_ms("data -> 'startTimeGmt'") }}, {{ json_epoch_ms("data -> 'beginTimestamp'") }}, occurred_at
        ) as started_at,
        -- "Local" is the wall clock written as if it were UTC.
        coalesce(
            {{ json_epoch_ms("data -> 'startTimeLocal'") }}
            - coalesce({{ json_epoch_ms("data -> 'startTimeGmt'") }}, {{ json_epoch_ms("data -> 'beginTimestamp'") }}),
            utc_offset
        ) as utc_offset,
        {{ json_text("data -> 'activityType'") }} as sport,
        coalesce(data -> 'parent' = 'true'::jsonb, false) as is_multisport_parent,
        {{ json_label("data -> 'parentId'") }} as parent_activity_id,
        {{ json_label("data -> 'deviceId'") }} as device_id,
        {{ json_measurement("data -> 'duration'") }} / 1000 as duration_s,
        {{ json_measurement("data -> 'elapsedDuration'") }} / 1000 as elapsed_s,
        {{ json_measurement("data -> 'distance'") }} / 100 as distance_m,
        {{ json_positive("data -> 'avgHr'") }} as avg_hr_bpm,
        {{ json_positive("data -> 'maxHr'") }} as max_hr_bpm,
        {{ json_measurement("data -> 'avgPower'") }} as avg_power_w,
        {{ json_measurement("data -> 'normPower'") }} as normalized_power_w,
        {{ json_measurement("data -> 'elevationGain'") }} / 100 as elevation_gain_m,
        {{ json_measurement("data -> 'activityTrainingLoad'") }} as training_load,
        ingested_at
    from source
)

select
    *,
    {{ local_day('started_at', 'utc_offset') }} as day,
    num_nonnulls(duration_s, distance_m, avg_hr_bpm, training_load) > 0 as has_data
from renamed
