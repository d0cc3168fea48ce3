-- What a person logged that they took in, summed over the local day; null where something was taken and nobody knows how
-- much. Only days with a log: what a day without a log means is said in `exposures`.

{{ config(incremental_strategy='by_person') }}

with

doses as (
    select user_id, day, 'caffeine_mg' as exposure, caffeine_mg as amount, 'mg' as unit, ingested_at
    from {{ changed_people(ref('stg_logs__caffeine')) }}
    union all
    select
        user_id, day, 'caffeine_after_15_mg' as exposure,
        case when is_after_15 then caffeine_mg else least(caffeine_mg, 0) end as amount, 'mg' as unit, ingested_at
    from {{ changed_people(ref('stg_logs__caffeine')) }}
    union all
    select user_id, day, 'alcohol_g' as exposure, alcohol_g as amount, 'g' as unit, ingested_at
    from {{ changed_people(ref('stg_logs__alcohol')) }}
    union all
    select
        user_id, day, 'supplement_' || supplement as exposure,
        case
            when amount is null then 1
            when unit in ('g', 'gram', 'grams') then amount * 1000
            when unit in ('mcg', 'ug', 'µg', 'μg') then amount / 1000
            else amount
        end as amount,
        case
            when amount is null then 'dose'
            when unit in ('mg', 'g', 'gram', 'grams', 'mcg', 'ug', 'µg', 'μg') then 'mg'
            else coalesce(unit, 'dose')
        end as unit,
        ingested_at
    from {{ changed_people(ref('stg_logs__supplements')) }}
    where supplement is not null
),

-- Milligrams and capsules of one thing cannot be added: the unit that the person uses most is kept, and the sum of a day
-- with another one is not known.
units as (
    select user_id, exposure, mode() within group (order by unit) as unit
    from doses
    where amount is not null
    group by user_id, exposure
)

select
    doses.user_id,
    doses.day,
    doses.exposure,
    units.unit,
    case when bool_and(doses.amount is not null and doses.unit = units.unit) then sum(doses.amount order by doses.amount) end
        as value,
    count(*)::integer as logs,
    max(doses.ingested_at) as as_of
from doses
inner join units on units.user_id = doses.user_id and units.exposure = doses.exposure
group by doses.user_id, doses.day, doses.exposure, units.unit
