select
    user_id,
    day,
    {{ figure_columns(fitness_figures(), fitness_words()) }}
from {{ changed_days(ref('int_figures_by_day')) }}
where figure in ('{{ (fitness_figures() + fitness_words()) | join("', '") }}')
group by user_id, day
