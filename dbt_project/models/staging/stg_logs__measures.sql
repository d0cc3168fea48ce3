with events as ({{ current_events(source('inbox', 'logs'), ['measure']) }})

select
    event_id, user_id, occurred_at, utc_offset, ingested_at,
    {{ local_day('occurred_at', 'utc_offset') }} as day,
    {{ slug("data ->> 'name'") }} as name,
    {{ number("data -> 'value'") }} as value,
    data ->> 'unit' as unit,
    coalesce(data ->> 'grain', 'instant') as grain,
    data ->> 'trial' as trial,
    {{ number("data -> 'study_day'") }}::int as study_day
from events
where {{ number("data -> 'value'") }} is not null and data ->> 'name' is not null
