{{ config(incremental_strategy='by_event', meta={'event_types': [
        'fit.activity', 'garmin.activity', 'garmin.activity_detail', 'garmin.activity_export', 'track.activity'
    ]}) }}

-- What a device or the person says of one exercise beside its figures: how hard it felt, and the threshold in use.

with

sessions as (
    select
        files.event_id,
        files.user_id,
        files.event_id::text || '/' || element.ordinal as recording_id,
        {{ json_positive("element.session -> 'threshold_power_w'") }} as ftp_w,
        {{ json_positive("element.session -> 'workout_rpe'") }} as rpe_reported,
        files.ingested_at
    from {{ changed_events(ref('base_fit__files')) }} as files
    cross join lateral jsonb_array_elements({{ json_array("files.data -> 'sessions'") }})
        with ordinality as element (session, ordinal)
    where files.event_type in ('fit.activity', 'track.activity')
),

payloads as (
    select
        event_id,
        user_id,
        event_id::text as recording_id,
        case when jsonb_typeof(data -> 'summaryDTO') = 'object' then data -> 'summaryDTO' else data end as figures,
        ingested_at
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type in ('garmin.activity', 'garmin.activity_detail', 'garmin.activity_export')
),

reported as (
    select * from sessions
    union all
    select
        event_id,
        user_id,
        recording_id,
        null as ftp_w,
        coalesce(
            {{ json_positive("figures -> 'directWorkoutRpe'") }},
            {{ json_positive("figures -> 'workoutRpe'") }}
        ) as rpe_reported,
        ingested_at
    from payloads
)

select
    event_id,
    user_id,
    recording_id,
    ftp_w,
    -- Both report tens: 30 is 3 of 10.
    case when rpe_reported <= 100 then rpe_reported / 10 end as rpe,
    ingested_at
from reported
where num_nonnulls(ftp_w, case when rpe_reported <= 100 then rpe_reported end) > 0
