{{ config(alias='effects') }}
with latest as (
    select distinct on (user_id, subject) run_id, as_of, code_version, created_at
    from insights.runs where kind = 'effects' and status = 'accepted'
    order by user_id, subject, created_at desc
)

select e.user_id, e.outcome, e.exposure, e.lag_days, e.exposure_unit, e.outcome_unit, e.per_amount, e.estimate, e.sd,
       e.lower_95, e.upper_95, e.lower_50, e.upper_50, e.probability_positive, e.days, e.rank,
       e.run_id, l.as_of, l.code_version, l.created_at as fitted_at
from {{ source('insights', 'effects') }} e
join latest l using (run_id)
