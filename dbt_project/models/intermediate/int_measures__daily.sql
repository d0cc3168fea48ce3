-- A free measure or a mood, one row a day. A value for a whole day counts only where that day (or that study day) has
-- no value of its own hour: a study's pings and its daily means are the same answers twice.
with samples as (
    select user_id, day, name, value, unit, grain, trial, study_day, ingested_at
    from {{ ref('stg_logs__measures') }}
    union all
    select user_id, day, 'mood', mood, null, 'instant', null, null, ingested_at
    from {{ ref('stg_logs__moods') }}
),

instants as (
    select user_id, day, name, avg(value) as value, count(*)::int as samples, max(unit) as unit,
           max(ingested_at) as ingested_at
    from samples where grain = 'instant' group by user_id, day, name
),

covered_study_days as (
    select distinct user_id, name, trial, study_day from samples where grain = 'instant' and study_day is not null
),

whole_days as (
    select s.user_id, s.day, s.name, avg(s.value) as value, 1 as samples, max(s.unit) as unit,
           max(s.ingested_at) as ingested_at
    from samples s
    where s.grain = 'day'
      and not exists (
          select from instants i where i.user_id = s.user_id and i.day = s.day and i.name = s.name)
      and not exists (
          select from covered_study_days c
          where c.user_id = s.user_id and c.name = s.name and c.study_day = s.study_day
            and c.trial is not distinct from s.trial)
    group by s.user_id, s.day, s.name
)

select * from instants
union all
select * from whole_days
