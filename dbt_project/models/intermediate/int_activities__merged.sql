-- One row an activity, out of all recordings of it: where and when from the first of them, each figure from the first
-- that reports it.

{{ config(incremental_strategy='by_person') }}

select
    user_id,
    activity_id,
    max(source) filter (where preference = 1) as source,
    max(started_at) filter (where preference = 1) as started_at,
    max(utc_offset) filter (where preference = 1) as utc_offset,
    max(day) filter (where preference = 1) as day,
    {% for metric in activity_metrics() -%}
    max({{ metric }}) filter (where figures_taken ? '{{ metric }}') as {{ metric }},
    {% endfor -%}
    max(recordings) as recordings,
    max(ingested_at) as as_of
from {{ changed_people(ref('int_activity_recordings__matched')) }}
where activity_id is not null
group by user_id, activity_id
