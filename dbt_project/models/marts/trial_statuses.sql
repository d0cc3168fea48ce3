-- Where every trial stands that the person accepted or declined, by what happened to it. What happens by itself (the
-- first day, the end of a pause, the last day) is noted in the log late or never: it follows from the dates.

{{ config(incremental_strategy='by_person') }}

with

steps as (
    select * from {{ changed_people(ref('stg_trials__lifecycle_events')) }}
    -- A day that was logged and a deviation change no state.
    where happening not in ('adherence', 'deviation')
),

newest as (
    select distinct on (user_id, trial) user_id, trial, happening, day, paused_until
    from steps
    order by user_id, trial, ingested_at desc, event_id
),

whole as (
    select
        user_id,
        trial,
        max(day) filter (where happening = 'abandoned') as abandoned_on,
        max(ingested_at) as as_of
    from steps
    group by user_id, trial
)

select
    user_id,
    trial,
    newest.happening as last_event,
    newest.day as since,
    case when newest.happening = 'paused' then newest.paused_until end as paused_until,
    whole.abandoned_on,
    whole.as_of
from newest
inner join whole using (user_id, trial)
