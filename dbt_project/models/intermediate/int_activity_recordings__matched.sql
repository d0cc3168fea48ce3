-- Recordings with their activity and the names of the figures that were taken from each: of every figure, the most
-- trusted recording of the activity that reports it.

{{ config(incremental_strategy='by_person') }}

with

recordings as (
    select
        unioned.*,
        grouped.activity_id,
        grouped.rule,
        grouped.compared_with,
        grouped.start_shift_s,
        grouped.shared_ratio,
        grouped.preference
    from {{ changed_people(ref('int_activity_recordings__unioned')) }} as unioned
    inner join {{ changed_people(ref('int_activities__grouped')) }} as grouped using (user_id, recording_id)
),

reported as (
    select
        *,
        {% for metric in activity_metrics() -%}
        min(preference) filter (where {{ metric }} is not null) over activity as first_{{ metric }},
        {% endfor -%}
        count(preference) over activity as recordings
    from recordings
    window activity as (partition by user_id, activity_id)
)

select
    user_id,
    recording_id,
    event_id,
    activity_id,
    rule,
    compared_with,
    start_shift_s,
    shared_ratio,
    preference,
    recordings::integer as recordings,
    source,
    reported_by,
    activity_number,
    device_id,
    started_at,
    utc_offset,
    day,
    {% for metric in activity_metrics() -%}
    {{ metric }},
    {% endfor -%}
    to_jsonb(array_remove(array[
        {% for metric in activity_metrics() -%}
        case when activity_id is not null and preference = first_{{ metric }} then '{{ metric }}' end
        {{- ',' if not loop.last }}
        {% endfor -%}
    ]::text[], null)) as figures_taken,
    ingested_at
from reported
