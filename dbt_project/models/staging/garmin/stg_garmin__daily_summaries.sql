{{ config(meta={'event_types': ['garmin.daily_summary', 'garmin.daily_summary_export']}) }}

with

-- Materialized and stripped, so that the payload is unpacked once and not once a column.
source as materialized (
    select
        event_id,
        user_id,
        utc_offset,
        metadata,
        -- The account's export reports the day in other words: it fills holes alone.
        event_type = 'garmin.daily_summary' as is_full,
        jsonb_strip_nulls(data) as data,
        ingested_at
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type in ('garmin.daily_summary', 'garmin.daily_summary_export')
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        utc_offset,
        is_full,
        {{ safe_timestamp("data ->> 'wellnessEndTimeLocal'") }} as reported_until,

        -- movement
        {{ json_measurement("data -> 'totalSteps'") }} as steps,
        {{ json_measurement("data -> 'totalDistanceMeters'") }} as distance_m,
        coalesce(
            {{ json_measurement("data -> 'floorsAscended'") }},
            {{ json_measurement("data -> 'floorsAscendedInMeters'") }} / 3.048
        ) as floors_ascended,
        {{ json_measurement("data -> 'activeKilocalories'") }} as active_kcal,
        {{ json_measurement("data -> 'totalKilocalories'") }} as total_kcal,
        {{ json_measurement("data -> 'moderateIntensityMinutes'") }} as moderate_minutes,
        {{ json_measurement("data -> 'vigorousIntensityMinutes'") }} as vigorous_minutes,

        -- heart and stress
        {{ json_positive("data -> 'restingHeartRate'") }} as resting_hr_bpm,
        {{ json_positive("data -> 'minHeartRate'") }} as min_hr_bpm,
        {{ json_positive("data -> 'maxHeartRate'") }} as max_hr_bpm,
        coalesce(
            {{ json_measurement("data -> 'averageStressLevel'") }},
            {{ json_measurement(
                "jsonb_path_query_first(data, '$.allDayStress.aggregatorList[*] ? (@.type == \"TOTAL\").averageStressLevel')"
            ) }}
        ) as stress_avg,
        coalesce(
            {{ json_measurement("data -> 'bodyBatteryHighestValue'") }},
            {{ json_measurement(
                "jsonb_path_query_first("
                ~ "data, '$.bodyBattery.bodyBatteryStatList[*] ? (@.bodyBatteryStatType == \"HIGHEST\").statsValue')"
            ) }}
        ) as body_battery_high,
        coalesce(
            {{ json_measurement("data -> 'bodyBatteryLowestValue'") }},
            {{ json_measurement(
                "jsonb_path_query_first("
                ~ "data, '$.bodyBattery.bodyBatteryStatList[*] ? (@.bodyBatteryStatType == \"LOWEST\").statsValue')"
            ) }}
        ) as body_battery_low,
        coalesce(
            {{ json_measurement("data -> 'bodyBatteryChargedValue'") }},
            {{ json_measurement("data -> 'bodyBattery' -> 'chargedValue'") }}
        ) as body_battery_charged,
        coalesce(
            {{ json_measurement("data -> 'bodyBatteryDrainedValue'") }},
            {{ json_measurement("data -> 'bodyBattery' -> 'drainedValue'") }}
        ) as body_battery_drained,

        -- breathing
        {% for ours, theirs in {
            'waking_respiration_brpm': 'avgWakingRespirationValue', 'lowest_respiration_brpm': 'lowestRespirationValue',
            'highest_respiration_brpm': 'highestRespirationValue',
        }.items() -%}
        coalesce(
            {{ json_positive("data -> '" ~ theirs ~ "'") }}, {{ json_positive("data -> 'respiration' -> '" ~ theirs ~ "'") }}
        ) as {{ ours }},
        {% endfor -%}
        {{ json_positive("data -> 'averageSpo2'") }} as spo2_pct,
        {{ json_positive("data -> 'lowestSpo2'") }} as lowest_spo2_pct,

        ingested_at
    from source
)

select
    *,
    -- Steps of 0 alone are what a watch on the table reports.
    coalesce(steps > 0, false) or num_nonnulls(resting_hr_bpm, max_hr_bpm, stress_avg, body_battery_high) > 0 as has_data
from renamed
