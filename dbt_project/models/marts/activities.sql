{{ config(incremental_strategy='by_person') }}

select
    user_id,
    activity_id,
    source,
    started_at,
    utc_offset,
    day,
    sport,
    duration_s,
    distance_m,
    avg_hr_bpm,
    max_hr_bpm,
    avg_power_w,
    normalized_power_w,
    energy_kcal,
    elevation_gain_m,
    training_load,
    recordings,
    as_of
from {{ changed_people(ref('int_activities__merged')) }}
