with events as ({{ current_events(source('inbox', 'trials'), ['trial.day']) }})

select
    user_id, ingested_at, data ->> 'trial' as trial,
    {{ number("data -> 'study_day'") }}::int as study_day,
    {{ day_of("data ->> 'first_day'") }} as first_day,
    {{ day_of("data ->> 'last_day'") }} as last_day,
    data ->> 'arm' as arm
from events
where data ->> 'trial' is not null
