{{ config(indexes=[{'columns': ['user_id', 'trial'], 'unique': true}]) }}

with spans as (
    select user_id, trial, min(first_day) as first_day, max(last_day) as last_day, count(*)::int as study_days
    from {{ ref('trial_days') }} group by user_id, trial
)

select
    p.user_id, p.trial, p.question, p.arms, p.outcome, p.secondary, p.direction, p.smallest_effect, p.lag_days,
    coalesce(p.start_day, s.first_day) as start_day, s.last_day, coalesce(s.study_days, 0) as study_days,
    p.period_days, p.washout_days, p.cycles, p.seed, p.ingested_at as as_of
from {{ ref('stg_trials__protocols') }} p
left join spans s using (user_id, trial)
