-- Mean body weight over the day's weighings, the scale's and the logged ones.

with

weighings as (
    select user_id, day, weight_kg, ingested_at
    from {{ ref('stg_garmin__weigh_ins') }}
    where has_data
    union all
    select user_id, day, weight_kg, ingested_at
    from {{ ref('stg_logs__weights') }}
    where weight_kg is not null
)

select
    user_id,
    day,
    avg(weight_kg) as weight_kg,
    count(*)::integer as samples,
    max(ingested_at) as as_of
from weighings
group by user_id, day
