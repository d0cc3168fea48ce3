-- What people who consent have in common, as the newest accepted run reports each of them: of pools that they are in.

with

runs as (
    select distinct on (user_id)
        run_id, user_id, as_of, code_version, created_at
    from {{ source('analysis', 'runs') }}
    where kind = 'population' and status = 'accepted'
    order by user_id, created_at desc
)

select
    population.user_id,
    population.basis,
    population.outcome,
    population.factor,
    population.lag_days,
    population.unit,
    population.factor_unit,
    population.per_amount,
    population.people,
    population.mean,
    population.lower_95,
    population.upper_95,
    population.between_sd,
    population.between_lower_95,
    population.between_upper_95,
    population.shrunk_estimate,
    population.shrunk_sd,
    runs.run_id,
    runs.as_of,
    runs.code_version,
    runs.created_at as fitted_at
from {{ source('analysis', 'population') }} as population
inner join runs on runs.run_id = population.run_id
where population.is_member
