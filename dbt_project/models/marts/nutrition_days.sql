-- A day on which nothing was logged is not a day without food: it has no row.

select
    user_id,
    day,
    {{ pivot_metrics(nutrition_metrics()) }}
from {{ changed_days(ref('int_daily_metrics__deduplicated')) }}
where metric in ('{{ nutrition_metrics() | join("', '") }}')
group by user_id, day
-- A goal alone is no log.
having bool_or(metric not in ('energy_goal_kcal', 'fluids_goal_ml'))
