{{ config(meta={'event_types': ['garmin.intensity_weekly', 'garmin.steps_weekly', 'garmin.stress_weekly']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.steps_weekly', 'garmin.stress_weekly', 'garmin.intensity_weekly')
),

renamed as (
    select
        event_id,
        user_id,
        -- Weeks of steps and stress end with the day that was asked for; those of intensity begin on Monday.
        {{ garmin_day() }} as first_day,
        {{ json_measurement("data -> 'values' -> 'totalSteps'") }} as steps,
        {{ json_measurement("data -> 'values' -> 'averageSteps'") }} as steps_a_day,
        {{ json_measurement("data -> 'values' -> 'totalDistance'") }} as distance_m,
        {{ json_integer("data -> 'values' -> 'wellnessDataDaysCount'") }} as days_with_data,
        case event_type when 'garmin.stress_weekly' then {{ json_measurement("data -> 'value'") }} end as stress_avg,
        {{ json_measurement("data -> 'moderateValue'") }} as moderate_minutes,
        {{ json_measurement("data -> 'vigorousValue'") }} as vigorous_minutes,
        {{ json_measurement("data -> 'weeklyGoal'") }} as intensity_goal_minutes,
        ingested_at
    from source
)

select *, num_nonnulls(steps, stress_avg, moderate_minutes, vigorous_minutes) > 0 as has_data
from renamed
