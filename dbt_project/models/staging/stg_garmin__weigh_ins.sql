with payloads as ({{ current_events(source('garmin', 'payloads'), ['garmin.weigh_in']) }})

select
    event_id, user_id, ingested_at, occurred_at as weighed_at, utc_offset,
    coalesce(day, {{ local_day('occurred_at', 'utc_offset') }}) as day,
    {{ measured("data -> 'weight'") }} / 1000 as weight_kg  -- grams, as a float
from payloads
where {{ measured("data -> 'weight'") }} > 0
