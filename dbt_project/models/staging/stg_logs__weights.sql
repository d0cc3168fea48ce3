with events as ({{ current_events(source('inbox', 'logs'), ['weight']) }})

select
    event_id, user_id, occurred_at, utc_offset, ingested_at,
    {{ local_day('occurred_at', 'utc_offset') }} as day,
    {{ number("data -> 'weight_kg'") }} as weight_kg
from events where {{ number("data -> 'weight_kg'") }} is not null
