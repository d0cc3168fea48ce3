-- What is usual, by the newest accepted run of each metric.

with

runs as (
    select distinct on (user_id, target)
        run_id, user_id, as_of, code_version, created_at
    from {{ source('analysis', 'runs') }}
    where kind = 'baselines' and status = 'accepted'
    order by user_id, target, created_at desc
)

select
    baselines.user_id,
    baselines.metric,
    baselines.unit,
    baselines.days,
    baselines.last_day,
    baselines.last_value,
    baselines.median,
    baselines.lower_50,
    baselines.upper_50,
    baselines.lower_80,
    baselines.upper_80,
    baselines.lower_95,
    baselines.upper_95,
    baselines.forecast,
    baselines.anomalies,
    baselines.changes,
    runs.run_id,
    runs.as_of,
    runs.code_version,
    runs.created_at as fitted_at
from {{ source('analysis', 'baselines') }} as baselines
inner join runs on runs.run_id = baselines.run_id
