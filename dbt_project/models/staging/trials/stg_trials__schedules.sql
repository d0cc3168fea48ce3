{{ config(incremental_strategy='by_person', meta={'event_types': ['trial.schedule']}) }}

with

source as (
    select
        *,
        {{ json_label("data -> 'trial'") }} as trial
    from {{ changed_people(ref('base_trials__events')) }}
    where event_type = 'trial.schedule'
),

newest as (
    select distinct on (user_id, trial) *
    from source
    where trial is not null
    order by user_id, trial, ingested_at desc, event_id
)

{{ exploded_assignment('newest', "data -> 'assignment'") }}
