-- Mean body weight over the day's weighings.

select
    user_id,
    day,
    avg(weight_kg order by weight_kg) as weight_kg,
    count(*)::integer as samples,
    max(ingested_at) as as_of
from {{ changed_days(ref('int_weigh_ins__merged')) }}
group by user_id, day
