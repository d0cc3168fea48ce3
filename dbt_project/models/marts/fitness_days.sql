select
    user_id,
    day,
    {{ pivot_metrics(fitness_metrics(), fitness_labels()) }}
from {{ changed_days(ref('int_daily_metrics__deduplicated')) }}
where metric in ('{{ (fitness_metrics() + fitness_labels()) | join("', '") }}')
group by user_id, day
