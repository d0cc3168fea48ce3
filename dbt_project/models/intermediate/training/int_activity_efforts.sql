{{ config(incremental_strategy='by_person') }}

-- One row an activity, out of the recordings of it that hold records: power, heart rate and speed each from the most
-- trusted recording that measured it. Samples that the account draws come after every file.

with

placed as (
    select *
    from {{ changed_people(ref('int_activity_recordings__matched')) }}
    -- Parts and wholes that give no figures would count the activity twice.
    where activity_id is not null and preference is not null
),

recordings as (
    select * from {{ changed_people(ref('int_activity_metrics')) }}
),

recorded as (
    select placed.activity_id, placed.preference, recordings.*
    from recordings
    inner join placed on placed.user_id = recordings.user_id and placed.recording_id = recordings.session_id
    union all
    select numbers.activity_id, 1000000 + numbers.preference as preference, recordings.*
    from recordings
    inner join {{ changed_people(ref('int_activity_numbers__resolved')) }} as numbers
        on numbers.user_id = recordings.user_id and numbers.activity_number = recordings.activity_number
    where recordings.is_drawn and numbers.preference is not null
),

powered as (
    select distinct on (user_id, activity_id) *
    from recorded
    -- Zeros throughout are what a computer without a power meter writes.
    where avg_power_w > 0
    order by user_id, activity_id, preference, recording_id, session_number
),

beating as (
    select distinct on (user_id, activity_id) *
    from recorded
    where hr_seconds > 0
    order by user_id, activity_id, preference, recording_id, session_number
),

moving as (
    select distinct on (user_id, activity_id) *
    from recorded
    where avg_speed_mps > 0
    order by user_id, activity_id, preference, recording_id, session_number
),

felt as (
    select distinct on (placed.user_id, placed.activity_id) placed.user_id, placed.activity_id, statements.rpe
    from {{ changed_people(ref('int_activity_recordings__rpe_and_ftp')) }} as statements
    inner join placed on placed.user_id = statements.user_id and placed.recording_id = statements.recording_id
    where statements.rpe is not null
    order by placed.user_id, placed.activity_id, placed.preference, placed.recording_id
),

-- A rating that the person logs is of the latest activity that had begun, up to a day after its end; one of a whole day
-- is of the latest of that day.
rated as (
    select distinct on (logged.user_id, logged.event_id)
        merged.user_id, merged.activity_id, logged.event_id, logged.occurred_at, logged.value as rpe, logged.ingested_at
    from {{ changed_people(ref('stg_logs__measures')) }} as logged
    inner join {{ changed_people(ref('int_activities__merged')) }} as merged
        on merged.user_id = logged.user_id
        and case
            when logged.grain = 'day' then merged.day = logged.day
            else merged.started_at <= logged.occurred_at
                and merged.started_at > logged.occurred_at - make_interval(hours => 24, secs => least(coalesce(merged.duration_s, 0), 864000))
        end
    where logged.measure = 'session_rpe' and logged.value between 0 and 10
    order by logged.user_id, logged.event_id, merged.started_at desc, merged.activity_id
),

said as (
    select distinct on (user_id, activity_id) user_id, activity_id, rpe, ingested_at
    from rated
    order by user_id, activity_id, occurred_at desc, event_id
),

set_to as (
    select distinct on (placed.user_id, placed.activity_id) placed.user_id, placed.activity_id, statements.ftp_w
    from {{ changed_people(ref('int_activity_recordings__rpe_and_ftp')) }} as statements
    inner join placed on placed.user_id = statements.user_id and placed.recording_id = statements.recording_id
    where statements.ftp_w is not null
    order by placed.user_id, placed.activity_id, placed.preference, placed.recording_id
)

select
    merged.user_id,
    merged.activity_id,
    merged.day,
    merged.started_at,
    merged.sport,
    {{ threshold_sport('merged.sport') }} as threshold_sport,
    merged.duration_s,
    merged.avg_hr_bpm as reported_avg_hr_bpm,
    merged.normalized_power_w as reported_normalized_power_w,
    coalesce(said.rpe, felt.rpe) as rpe,
    set_to.ftp_w as device_ftp_w,
    powered.recording_id as power_recording_id,
    powered.session_number as power_session_number,
    powered.power_seconds,
    powered.avg_power_w,
    powered.normalized_power_w,
    powered.work_kj,
    powered.efficiency_w_per_bpm,
    powered.power_decoupling_pct,
    {% for seconds in model_durations() -%}
    powered.power_{{ seconds }}s_w,
    {% endfor -%}
    beating.recording_id as hr_recording_id,
    beating.session_number as hr_session_number,
    beating.hr_seconds,
    beating.avg_hr_bpm,
    beating.hr_5s_bpm,
    beating.hr_1200s_bpm,
    moving.recording_id as speed_recording_id,
    moving.session_number as speed_session_number,
    moving.efficiency_m_per_beat,
    moving.speed_decoupling_pct,
    -- What reads the arrays of these recordings is rebuilt when they were.
    concat_ws(' ', powered.computed_from, beating.computed_from, moving.computed_from) as computed_from,
    greatest(merged.as_of, said.ingested_at) as as_of
from {{ changed_people(ref('int_activities__merged')) }} as merged
left join powered on powered.user_id = merged.user_id and powered.activity_id = merged.activity_id
left join beating on beating.user_id = merged.user_id and beating.activity_id = merged.activity_id
left join moving on moving.user_id = merged.user_id and moving.activity_id = merged.activity_id
left join said on said.user_id = merged.user_id and said.activity_id = merged.activity_id
left join felt on felt.user_id = merged.user_id and felt.activity_id = merged.activity_id
left join set_to on set_to.user_id = merged.user_id and set_to.activity_id = merged.activity_id
