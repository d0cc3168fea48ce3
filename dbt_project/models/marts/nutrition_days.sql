-- A day on which nothing was logged is not a day without food: it has no row.

select
    user_id,
    day,
    {{ figure_columns(nutrition_figures()) }}
from {{ changed_days(ref('int_figures_by_day')) }}
where figure in ('{{ nutrition_figures() | join("', '") }}')
group by user_id, day
-- A goal alone is no log.
having bool_or(figure not in ('energy_goal_kcal', 'fluids_goal_ml'))
