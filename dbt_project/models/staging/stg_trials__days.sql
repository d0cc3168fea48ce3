with events as ({{ current_events(source('inbox', 'trials'), ['trial.day']) }}),

renamed as (
    select
        user_id, ingested_at, data ->> 'trial' as trial,
        {{ number("data -> 'study_day'") }}::int as study_day,
        {{ day_of("data ->> 'first_day'") }} as first_day,
        {{ day_of("data ->> 'last_day'") }} as last_day,
        data ->> 'arm' as arm
    from events
    where data ->> 'trial' is not null
)

-- A study's answers and its daily means both tell of a day; the answers know of every date it spans.
select
    user_id, trial, study_day, min(first_day) as first_day, max(last_day) as last_day,
    (array_agg(arm order by ingested_at desc))[1] as arm, max(ingested_at) as ingested_at
from renamed
group by user_id, trial, study_day
