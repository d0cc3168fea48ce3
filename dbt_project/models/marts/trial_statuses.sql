-- State of every trial that the person accepted or declined, from its lifecycle events. What needs no person (the
-- first day, the end of a pause, the last day) reaches the log late or never: it follows from the dates.

{{ config(incremental_strategy='by_person') }}

with

steps as (
    select * from {{ changed_people(ref('stg_trials__lifecycle_events')) }}
    -- A day that was logged and a deviation change no state.
    where lifecycle_event not in ('adherence', 'deviation')
),

newest as (
    select distinct on (user_id, trial) user_id, trial, lifecycle_event, day, paused_until
    from steps
    order by user_id, trial, ingested_at desc, event_id
),

all_events as (
    select
        user_id,
        trial,
        max(day) filter (where lifecycle_event = 'abandoned') as abandoned_on,
        max(ingested_at) as as_of
    from steps
    group by user_id, trial
)

select
    user_id,
    trial,
    newest.lifecycle_event as last_event,
    newest.day as since,
    case when newest.lifecycle_event = 'paused' then newest.paused_until end as paused_until,
    all_events.abandoned_on,
    all_events.as_of
from newest
inner join all_events using (user_id, trial)
