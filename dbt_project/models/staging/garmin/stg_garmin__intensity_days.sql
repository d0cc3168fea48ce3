{{ config(meta={'event_types': ['garmin.intensity_minutes', 'garmin.intensity_summary']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.intensity_minutes', 'garmin.intensity_summary')
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        event_type = 'garmin.intensity_minutes' as is_full,
        coalesce({{ json_measurement("data -> 'moderateMinutes'") }}, {{ json_measurement("data -> 'moderateValue'") }}) as moderate_minutes,
        coalesce({{ json_measurement("data -> 'vigorousMinutes'") }}, {{ json_measurement("data -> 'vigorousValue'") }}) as vigorous_minutes,
        coalesce({{ json_measurement("data -> 'weekGoal'") }}, {{ json_measurement("data -> 'weeklyGoal'") }}) as weekly_goal_minutes,
        ingested_at
    from source
)

select *, num_nonnulls(moderate_minutes, vigorous_minutes) > 0 as has_data
from renamed
