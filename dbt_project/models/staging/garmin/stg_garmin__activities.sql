{{ config(meta={'event_types': ['garmin.activity', 'garmin.activity_detail']}) }}

with

-- Materialized and stripped, so that the payload is unpacked once and not once a column.
payloads as materialized (
    select event_id, user_id, event_type, occurred_at, utc_offset, jsonb_strip_nulls(data) as data, ingested_at
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type in ('garmin.activity', 'garmin.activity_detail')
),

source as (
    select
        *,
        event_type = 'garmin.activity_detail' as is_detail,
        -- The single activity nests its figures; an element of the list is flat.
        case when jsonb_typeof(data -> 'summaryDTO') = 'object' then data -> 'summaryDTO' else data end as figures
    from payloads
),

parsed as materialized (
    select
        *,
        {{ safe_timestamp("figures ->> 'startTimeGMT'") }} as started_gmt,
        {{ safe_timestamp("figures ->> 'startTimeLocal'") }} as started_local,
        {{ json_measurement("figures -> 'duration'") }} as timer_s,
        {{ json_measurement("figures -> 'elapsedDuration'") }} as elapsed
    from source
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_label("data -> 'activityId'") }} as activity_id,
        is_detail,
        coalesce(started_gmt at time zone 'UTC', occurred_at) as started_at,
        coalesce(started_local - started_gmt, utc_offset) as utc_offset,
        coalesce(
            {{ json_text("data -> 'activityType' -> 'typeKey'") }},
            {{ json_text("data -> 'activityTypeDTO' -> 'typeKey'") }}
        ) as sport,
        coalesce(data -> 'parent' = 'true'::jsonb, false)
            or coalesce(data -> 'isMultiSportParent' = 'true'::jsonb, false) as is_multisport_parent,
        coalesce(
            {{ json_label("data -> 'parentId'") }},
            {{ json_label("data -> 'metadataDTO' -> 'parentId'") }}
        ) as parent_activity_id,
        coalesce(
            {{ json_label("data -> 'deviceId'") }},
            {{ json_label("data -> 'metadataDTO' -> 'deviceMetaDataDTO' -> 'deviceId'") }}
        ) as device_id,

        timer_s as duration_s,
        -- Milliseconds in 2020, seconds in 2025: nobody pauses a recording for 499 times its length.
        case when elapsed > 500 * timer_s then elapsed / 1000 else elapsed end as elapsed_s,
        {{ json_measurement("figures -> 'distance'") }} as distance_m,
        {{ json_positive("figures -> 'averageHR'") }} as avg_hr_bpm,
        {{ json_positive("figures -> 'maxHR'") }} as max_hr_bpm,
        coalesce(
            {{ json_measurement("figures -> 'avgPower'") }}, {{ json_measurement("figures -> 'averagePower'") }}
        ) as avg_power_w,
        coalesce(
            {{ json_measurement("figures -> 'normPower'") }}, {{ json_measurement("figures -> 'normalizedPower'") }}
        ) as normalized_power_w,
        {{ json_measurement("figures -> 'calories'") }} as energy_kcal,
        {{ json_measurement("figures -> 'elevationGain'") }} as elevation_gain_m,
        {{ json_measurement("figures -> 'activityTrainingLoad'") }} as training_load,
        ingested_at
    from parsed
)

select
    *,
    {{ local_day('started_at', 'utc_offset') }} as day,
    num_nonnulls(duration_s, distance_m, avg_hr_bpm, training_load) > 0 as has_data
from renamed
