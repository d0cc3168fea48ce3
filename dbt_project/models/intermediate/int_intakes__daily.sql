-- What was taken, a row a day and exposure. Between the first and the last log of an exposure a day without one is a
-- day without it: that is an assumption, stated here and in docs/warehouse.md, and it ends with the last log.
with intakes as (
    select user_id, day, 'caffeine_mg' as exposure, amount as value, unit, ingested_at
    from {{ ref('stg_logs__intakes') }} where kind = 'caffeine'
    union all
    -- Coffee at eight in the morning says that the afternoon was without: the span is that of all caffeine.
    select user_id, day, 'caffeine_after_15_mg', case when local_hour >= 15 then amount else 0 end, unit, ingested_at
    from {{ ref('stg_logs__intakes') }} where kind = 'caffeine'
    union all
    select user_id, day, 'alcohol_g', amount, unit, ingested_at
    from {{ ref('stg_logs__intakes') }} where kind = 'alcohol'
    union all
    select user_id, day, 'supplement_' || name, amount, unit, ingested_at
    from {{ ref('stg_logs__intakes') }} where kind = 'supplement' and name <> ''
),

spans as (
    select user_id, exposure, max(unit) as unit, max(ingested_at) as ingested_at,
           generate_series(min(day), max(day), interval '1 day')::date as day
    from intakes group by user_id, exposure
),

taken as (
    select user_id, day, exposure, sum(value) as value from intakes group by user_id, day, exposure
)

select s.user_id, s.day, s.exposure, coalesce(t.value, 0) as value, s.unit, s.ingested_at
from spans s
left join taken t using (user_id, day, exposure)
