-- Which arm the draw gave each study day, from the schedule (wins) or from the protocol itself, by name.

{{ config(incremental_strategy='by_person') }}

with

protocols as (
    select event_id, user_id, trial, assignment, ingested_at
    from {{ changed_people(ref('stg_trials__protocols')) }}
),

drawn as (
    select user_id, trial, study_day, code, ingested_at, 1 as priority
    from {{ changed_people(ref('stg_trials__schedules')) }}
    union all
    select user_id, trial, study_day, code, ingested_at, 2 as priority
    from ({{ exploded_assignment('protocols', 'protocols.assignment') }}) as planned
),

chosen as (
    select distinct on (user_id, trial, study_day) *
    from drawn
    order by user_id, trial, study_day, priority, ingested_at desc
)

select
    chosen.user_id,
    chosen.trial,
    chosen.study_day,
    case
        -- An arm may itself be called "1": a name comes before a number.
        when trials.arms ? chosen.code then chosen.code
        when chosen.code ~ '^\d{1,2}$' then coalesce(trials.arms ->> chosen.code::integer, chosen.code)
        when chosen.code = 'false' then coalesce(trials.arms ->> 0, chosen.code)
        when chosen.code = 'true' then coalesce(trials.arms ->> 1, chosen.code)
        else chosen.code
    end as arm,
    chosen.ingested_at
from chosen
inner join {{ changed_people(ref('int_trials__defined')) }} as trials using (user_id, trial)
