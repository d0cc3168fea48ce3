select
    user_id, day, count(*)::int as activity_count, sum(duration_s) / 60 as activity_minutes,
    sum(training_load) as training_load, max(ingested_at) as ingested_at
from {{ ref('int_activities__merged') }}
group by user_id, day
