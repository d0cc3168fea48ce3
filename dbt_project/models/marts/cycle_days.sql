select distinct on (user_id, day)
    user_id,
    day,
    cycle_start_day,
    day_in_cycle,
    phase,
    period_days,
    predicted_cycle_days,
    is_predicted,
    flow,
    symptoms,
    moods,
    ingested_at as as_of
from {{ changed_days(ref('stg_garmin__menstrual_days')) }}
where day is not null and has_data
order by user_id, day, ingested_at desc, event_id
