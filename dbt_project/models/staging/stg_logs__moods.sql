with events as ({{ current_events(source('inbox', 'logs'), ['mood']) }})

select
    event_id, user_id, occurred_at, utc_offset, ingested_at,
    {{ local_day('occurred_at', 'utc_offset') }} as day,
    {{ number("data -> 'rating'") }} as mood
from events where {{ number("data -> 'rating'") }} is not null
