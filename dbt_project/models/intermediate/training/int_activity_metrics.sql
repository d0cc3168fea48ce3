{{ config(incremental_strategy='by_event', meta={'event_types': ['fit.activity', 'garmin.activity_samples', 'track.activity']}) }}

-- Only what the newest version of an event names is valid; rows of older versions stay in the source.

with

files as (
    select user_id, event_id, metadata ->> 'recording_id' as recording_id, ingested_at
    from {{ changed_events(ref('base_fit__files')) }}
    where event_type in ('fit.activity', 'track.activity')
),

drawn as (
    select user_id, event_id, event_id::text as recording_id, ingested_at
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.activity_samples'
),

valid as (
    select * from files
    union all
    select * from drawn
)

select
    recorded.user_id,
    recorded.event_id,
    recorded.recording_id,
    recorded.session_number,
    case when not recorded.is_drawn then recorded.event_id::text || '/' || recorded.session_number end as session_id,
    recorded.is_drawn,
    recorded.activity_number,
    recorded.started_at,
    recorded.seconds,
    recorded.power_seconds,
    recorded.avg_power_w,
    recorded.normalized_power_w,
    recorded.work_kj,
    recorded.efficiency_w_per_bpm,
    recorded.power_decoupling_pct,
    {% for seconds in model_durations() -%}
    {{ best_over('recorded.best_power_w', seconds, 'recorded.effort_durations_s') }} as power_{{ seconds }}s_w,
    {% endfor -%}
    recorded.hr_seconds,
    recorded.avg_hr_bpm,
    {{ best_over('recorded.best_hr_bpm', 5, 'recorded.effort_durations_s') }} as hr_5s_bpm,
    {{ best_over('recorded.best_hr_bpm', 1200, 'recorded.effort_durations_s') }} as hr_1200s_bpm,
    recorded.speed_seconds,
    recorded.avg_speed_mps,
    recorded.efficiency_m_per_beat,
    recorded.speed_decoupling_pct,
    encode(recorded.content_hash, 'hex') || '@' || recorded.code_version as computed_from,
    valid.ingested_at
from {{ source('training', 'recordings') }} as recorded
inner join valid
    on valid.user_id = recorded.user_id
    and valid.event_id = recorded.event_id
    and valid.recording_id = recorded.recording_id::text
where recorded.seconds > 0
