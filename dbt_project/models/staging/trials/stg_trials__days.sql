{{ config(incremental_strategy='by_person', meta={'event_types': ['trial.day']}) }}

with

source as (
    select * from {{ changed_people(ref('base_trials__events')) }}
    where event_type = 'trial.day'
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_label("data -> 'trial'") }} as trial,
        {{ json_integer("data -> 'study_day'") }} as study_day,
        {{ safe_date("data ->> 'first_day'") }} as first_day,
        {{ safe_date("data ->> 'last_day'") }} as last_day,
        {{ json_label("data -> 'arm'") }} as arm,
        ingested_at
    from source
)

-- A study's answers and its daily means both report of a day; the answers know every date that it spans.
select
    user_id,
    trial,
    study_day,
    min(first_day) as first_day,
    max(greatest(first_day, last_day)) as last_day,
    (array_agg(arm order by ingested_at desc, event_id) filter (where arm is not null))[1] as arm,
    max(ingested_at) as ingested_at
from renamed
where trial is not null and study_day is not null
group by user_id, trial, study_day
