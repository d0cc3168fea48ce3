{{ config(alias='experiments') }}
with latest as (
    select distinct on (user_id, kind, subject) run_id, as_of, code_version, created_at
    from insights.runs where kind in ('trial', 'proposals') and status = 'accepted'
    order by user_id, kind, subject, created_at desc
),

results as (
    select
        r.user_id, r.trial, l.run_id, l.as_of, l.code_version,
        jsonb_agg(to_jsonb(r) - 'user_id' - 'run_id' - 'trial' order by r.is_primary desc, r.outcome, r.arm) as result
    from {{ source('insights', 'trials') }} r
    join latest l using (run_id)
    group by r.user_id, r.trial, l.run_id, l.as_of, l.code_version
)

select
    t.user_id, 'trial:' || t.trial as experiment_id, 'trial' as kind,
    case when r.run_id is not null and t.last_day < current_date then 'analysed'
         when t.start_day is null then 'unscheduled'
         when t.start_day > current_date then 'planned'
         when t.last_day >= current_date then 'running'
         else 'finished' end as status,
    t.question, t.arms, t.outcome, t.start_day, t.last_day, t.study_days as days_needed, null::int as rank,
    null::text as why, null::double precision as assurance, null::jsonb as schedule, r.result,
    r.run_id, greatest(t.as_of, r.as_of) as as_of, r.code_version
from {{ ref('trials') }} t
left join results r using (user_id, trial)
union all
select
    p.user_id, 'proposal:' || p.slug, 'proposal', 'proposed',
    p.question, p.arms, p.outcome, null, null, p.days_needed, p.rank, p.why, p.assurance, p.schedule, null,
    p.run_id, l.as_of, l.code_version
from {{ source('insights', 'proposals') }} p
join latest l using (run_id)
