-- The days of each trial: as recorded by whoever ran it, else as its protocol or its schedule lays them out.
with protocols as (select * from {{ ref('stg_trials__protocols') }}),

recorded as (
    select
        d.user_id, d.trial, d.study_day, d.first_day, coalesce(d.last_day, d.first_day) as last_day,
        coalesce(s.arm_name, p.arms ->> s.arm_number, d.arm) as arm, d.arm as arm_recorded,
        greatest(d.ingested_at, p.ingested_at) as ingested_at
    from {{ ref('stg_trials__days') }} d
    join protocols p using (user_id, trial)
    left join {{ ref('stg_trials__schedules') }} s using (user_id, trial, study_day)
    where d.study_day is not null and d.first_day is not null
),

planned as (
    select
        p.user_id, p.trial, entry.ordinality::int as study_day,
        case when jsonb_typeof(entry.value) = 'number' then p.arms ->> (entry.value #>> '{}')::numeric::int
             else entry.value #>> '{}' end as arm,
        p.start_day, p.ingested_at
    from protocols p, jsonb_array_elements(p.assignment) with ordinality entry
    union all
    select p.user_id, p.trial, s.study_day, coalesce(s.arm_name, p.arms ->> s.arm_number), p.start_day, p.ingested_at
    from protocols p join {{ ref('stg_trials__schedules') }} s using (user_id, trial)
    where jsonb_array_length(p.assignment) = 0
),

-- Two arms of a supplement that is logged: what was taken is in the log.
laid_out as (
    select
        p.user_id, p.trial, p.study_day,
        p.start_day + p.study_day - 1 as first_day, p.start_day + p.study_day - 1 as last_day,
        p.arm,
        case when i.value > 0 then q.arms ->> 1 when i.value = 0 then q.arms ->> 0 end as arm_recorded,
        p.ingested_at
    from planned p
    join protocols q using (user_id, trial)
    left join {{ ref('int_intakes__daily') }} i
        on i.user_id = p.user_id and i.day = p.start_day + p.study_day - 1
       and i.exposure = 'supplement_' || {{ slug('p.trial') }} and jsonb_array_length(q.arms) = 2
    where p.start_day is not null
      and not exists (select from recorded r where r.user_id = p.user_id and r.trial = p.trial)
)

select * from recorded
union all
select * from laid_out
