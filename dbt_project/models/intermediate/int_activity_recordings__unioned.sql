-- Every recording of an exercise: an activity's line in Garmin's list, the single activity, the account export, each session
-- of a FIT file. `priority` says whose figures come first: the list is fetched again whenever an activity was edited,
-- the single activity only then; the export is as old as its day; the file knows nothing of edits.

{{ config(incremental_strategy='by_event') }}

with

garmin as (
    select
        user_id, event_id, event_id::text as recording_id,
        case when is_detail then 'single activity' else 'activity list' end as reported_by,
        case when is_detail then 2 else 1 end as priority,
        activity_id as activity_number, parent_activity_id as parent_number, is_multisport_parent, device_id,
        started_at, utc_offset, day, sport, duration_s, elapsed_s, distance_m, avg_hr_bpm, max_hr_bpm, avg_power_w,
        normalized_power_w, energy_kcal, elevation_gain_m, training_load, has_data, ingested_at
    from {{ changed_events(ref('stg_garmin__activities')) }}
    union all
    select
        user_id, event_id, event_id::text as recording_id, 'account export' as reported_by, 3 as priority,
        activity_id as activity_number, parent_activity_id as parent_number, is_multisport_parent, device_id,
        started_at, utc_offset, day, sport, duration_s, elapsed_s, distance_m, avg_hr_bpm, max_hr_bpm, avg_power_w,
        normalized_power_w, null as energy_kcal, elevation_gain_m, training_load, has_data, ingested_at
    from {{ changed_events(ref('stg_garmin__activity_exports')) }}
),

sessions as (
    select
        *,
        started_at + make_interval(secs => {{ span_s('elapsed_s', 'duration_s') }}) as ended_at
    from {{ changed_events(ref('stg_fit__activities')) }}
),

placed_sessions as (
    select
        *,
        -- A file can hold the whole (first or last) beside two or more parts.
        coalesce(
            count(*) over file > 2
            and started_at = min(started_at) over file
            and ended_at >= max(ended_at) over file - interval '60 seconds',
            false
        ) as is_whole,
        count(*) over file > 1 as is_one_of_several
    from sessions
    window file as (partition by user_id, event_id)
),

recordings as (
    select
        *, 'garmin' as source, false as is_whole_of_file, false as is_part_of_file
    from garmin
    union all
    select
        user_id, event_id, session_id as recording_id, 'FIT file' as reported_by, 4 as priority,
        -- The number names the whole file.
        case when not is_one_of_several then activity_id end as activity_number, null as parent_number,
        false as is_multisport_parent, device_id, started_at, utc_offset, day, sport, duration_s, elapsed_s, distance_m,
        avg_hr_bpm, max_hr_bpm, avg_power_w, normalized_power_w, energy_kcal, elevation_gain_m,
        null as training_load, has_data, ingested_at, 'fit' as source, is_whole as is_whole_of_file,
        is_one_of_several and not is_whole as is_part_of_file
    from placed_sessions
)

select
    user_id,
    recording_id,
    event_id,
    source,
    reported_by,
    priority,
    activity_number,
    parent_number,
    is_multisport_parent,
    is_whole_of_file,
    is_part_of_file,
    device_id,
    started_at,
    utc_offset,
    day,
    sport,
    {{ sport_family('sport') }} as sport_family,
    duration_s,
    {{ span_s('elapsed_s', 'duration_s') }} as span_s,
    distance_m,
    avg_hr_bpm,
    max_hr_bpm,
    avg_power_w,
    normalized_power_w,
    energy_kcal,
    elevation_gain_m,
    training_load,
    has_data,
    ingested_at
from recordings
