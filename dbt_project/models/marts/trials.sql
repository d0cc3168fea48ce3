{{ config(incremental_strategy='by_person') }}

with

defined as (
    select * from {{ changed_people(ref('int_trials__defined')) }}
),

spans as (
    select
        user_id,
        trial,
        min(first_day) as first_day,
        max(last_day) as last_day,
        count(*)::integer as study_days,
        max(as_of) as as_of
    from {{ changed_people(ref('trial_days')) }}
    group by user_id, trial
)

select
    user_id,
    trial,
    defined.question,
    defined.arms,
    defined.outcome,
    defined.secondary,
    defined.direction,
    defined.smallest_effect,
    defined.lag_days,
    coalesce(defined.start_day, spans.first_day) as start_day,
    spans.last_day,
    coalesce(spans.study_days, 0) as study_days,
    defined.period_days,
    defined.washout_days,
    defined.cycles,
    defined.seed,
    defined.has_protocol,
    people.timezone,
    greatest(defined.as_of, spans.as_of) as as_of
from defined
left join spans using (user_id, trial)
left join {{ ref('stg_ops__people') }} as people using (user_id)
