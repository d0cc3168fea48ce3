{{ config(meta={'event_types': ['garmin.menstrual_day']}) }}

with

source as (
    select
        *,
        data -> 'daySummary' as summary,
        data -> 'dayLog' as log
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.menstrual_day'
),

renamed as (
    select
        event_id,
        user_id,
        coalesce({{ safe_date("metadata ->> 'day'") }}, {{ safe_date("log ->> 'calendarDate'") }}) as day,
        {{ safe_date("summary ->> 'startDate'") }} as cycle_start_day,
        {{ json_integer("summary -> 'dayInCycle'") }} as day_in_cycle,
        case {{ json_integer("summary -> 'currentPhase'") }}
            when 1 then 'menstrual' when 2 then 'follicular' when 3 then 'ovulation' when 4 then 'luteal'
        end as phase,
        {{ json_integer("summary -> 'periodLength'") }} as period_days,
        {{ json_integer("summary -> 'predictedCycleLength'") }} as predicted_cycle_days,
        summary -> 'predictedCycle' = 'true'::jsonb as is_predicted,
        {{ json_text("log -> 'flow'") }} as flow,
        {{ json_array("log -> 'symptoms'") }} as symptoms,
        {{ json_array("log -> 'moods'") }} as moods,
        ingested_at
    from source
)

select *, num_nonnulls(day_in_cycle, phase, flow) > 0 as has_data
from renamed
