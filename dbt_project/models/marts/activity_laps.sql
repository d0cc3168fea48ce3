-- Laps of an activity out of one recording of it: the account's before the file's, the most trusted first.

{{ config(incremental_strategy='by_person') }}

{% set figures = [
    'started_at', 'duration_s', 'distance_m', 'avg_hr_bpm', 'max_hr_bpm', 'avg_speed_mps', 'avg_power_w', 'energy_kcal',
    'elevation_gain_m', 'ingested_at',
] | join(', laps.') %}

with

reported_by_account as (
    select
        laps.user_id, numbers.activity_id, laps.event_id, laps.lap_number, 1 as priority, numbers.preference,
        'account' as reported_by, laps.{{ figures }}
    from {{ changed_people(ref('stg_garmin__activity_laps')) }} as laps
    inner join {{ changed_people(ref('int_activity_numbers__resolved')) }} as numbers
        on numbers.user_id = laps.user_id and numbers.activity_number = laps.activity_id
    where numbers.preference is not null
),

-- A file of several sessions lists the laps of all: a lap is of the session that began last before it.
laps_of_sessions as (
    select distinct on (laps.event_id, laps.lap_number)
        recordings.rule, laps.user_id, recordings.activity_id, laps.event_id, laps.lap_number, 2 as priority, recordings.preference,
        'file' as reported_by, laps.{{ figures }}
    from {{ changed_people(ref('stg_fit__laps')) }} as laps
    inner join {{ changed_people(ref('int_activity_recordings__matched')) }} as recordings
        on recordings.user_id = laps.user_id and recordings.event_id = laps.event_id
    where recordings.activity_id is not null
    order by
        laps.event_id, laps.lap_number, recordings.started_at <= laps.started_at + interval '1 second' desc nulls last,
        case when recordings.started_at <= laps.started_at + interval '1 second' then recordings.started_at end desc nulls last,
        recordings.started_at, recordings.recording_id
),

reported as (
    select * from reported_by_account
    union all
    select user_id, activity_id, event_id, lap_number, priority, preference, reported_by, {{ figures | replace('laps.', '') }}
    from laps_of_sessions
    -- What lies within a longer recording reports only a part of its laps.
    where preference is not null or rule = 'part_of_whole'
),

chosen as (
    select distinct on (user_id, activity_id) user_id, activity_id, event_id
    from reported
    order by user_id, activity_id, priority, preference nulls last, event_id
)

select
    user_id,
    activity_id,
    row_number() over (partition by user_id, activity_id order by laps.lap_number)::integer as lap_number,
    laps.reported_by,
    laps.started_at,
    laps.duration_s,
    laps.distance_m,
    laps.avg_hr_bpm,
    laps.max_hr_bpm,
    laps.avg_speed_mps,
    laps.avg_power_w,
    laps.energy_kcal,
    laps.elevation_gain_m,
    laps.ingested_at as as_of
from reported as laps
inner join chosen using (user_id, activity_id, event_id)
