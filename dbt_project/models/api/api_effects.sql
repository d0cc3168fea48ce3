-- The newest accepted run of each target: a rejected fit publishes nothing, so the last good one stays.

with

runs as (
    select distinct on (user_id, target)
        run_id, user_id, target, as_of, code_version, fingerprint, diagnostics, created_at
    from {{ source('analysis', 'runs') }}
    where kind = 'effects' and status = 'accepted'
    order by user_id, target, created_at desc
)

select
    effects.user_id,
    effects.outcome,
    effects.exposure,
    effects.lag_days,
    effects.exposure_unit,
    effects.outcome_unit,
    effects.per_amount,
    effects.estimate,
    effects.sd,
    effects.lower_95,
    effects.upper_95,
    effects.lower_50,
    effects.upper_50,
    effects.probability_positive,
    effects.robustness_value,
    effects.robustness_value_95,
    effects.days,
    effects.rank,
    runs.run_id,
    runs.as_of,
    runs.code_version,
    runs.created_at as fitted_at
from {{ source('analysis', 'effects') }} as effects
inner join runs on runs.run_id = effects.run_id
