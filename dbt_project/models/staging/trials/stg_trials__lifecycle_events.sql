{{ config(incremental_strategy='by_person', meta={'event_types': [
        'trial.abandoned', 'trial.accepted', 'trial.adherence', 'trial.analysed', 'trial.completed', 'trial.declined',
        'trial.deviation', 'trial.paused', 'trial.proposed', 'trial.resumed', 'trial.started', 'trial.stopped'
    ]}) }}

with

source as (
    select * from {{ changed_people(ref('base_trials__events')) }}
    -- The others are protocols, schedules, recorded days, interventions and limits.
    where event_type in (
        'trial.proposed', 'trial.accepted', 'trial.declined', 'trial.started', 'trial.adherence', 'trial.deviation',
        'trial.paused', 'trial.resumed', 'trial.completed', 'trial.abandoned', 'trial.stopped', 'trial.analysed'
    )
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_label("data -> 'trial'") }} as trial,
        substr(event_type, length('trial.') + 1) as lifecycle_event,
        {{ safe_date("data ->> 'day'") }} as day,
        {{ safe_date("data ->> 'until'") }} as paused_until,
        ingested_at
    from source
)

select * from renamed
where trial is not null
