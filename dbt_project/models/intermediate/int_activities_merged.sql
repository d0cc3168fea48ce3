-- One row an activity, out of all recordings of it: each figure from the first recording that tells it.

with

recordings as (
    select * from {{ ref('int_activities_grouped') }}
),

merged as (
    select
        user_id,
        group_number,
        {{ first_told('activity_id') }} as activity_id,
        {{ first_told('source') }} as source,
        {{ first_told('started_at') }} as started_at,
        {{ first_told('utc_offset') }} as utc_offset,
        {{ first_told('day') }} as day,
        {{ first_told('sport') }} as sport,
        {{ first_told('duration_s') }} as duration_s,
        {{ first_told('distance_m') }} as distance_m,
        {{ first_told('avg_hr_bpm') }} as avg_hr_bpm,
        {{ first_told('max_hr_bpm') }} as max_hr_bpm,
        {{ first_told('avg_power_w') }} as avg_power_w,
        {{ first_told('normalized_power_w') }} as normalized_power_w,
        {{ first_told('energy_kcal') }} as energy_kcal,
        {{ first_told('elevation_gain_m') }} as elevation_gain_m,
        {{ first_told('training_load') }} as training_load,
        count(*)::integer as recordings,
        max(ingested_at) as as_of
    from recordings
    group by user_id, group_number
)

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
from merged
