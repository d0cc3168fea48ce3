with events as ({{ current_events(source('inbox', 'trials'), ['trial.schedule']) }}),

entries as (
    select e.user_id, e.ingested_at, e.data ->> 'trial' as trial, entry.key, entry.value
    from events e,
        jsonb_each(
            case when jsonb_typeof(e.data -> 'assignment') = 'object' then e.data -> 'assignment' else '{}'::jsonb end
        ) entry
)

select distinct on (user_id, trial, key::int)
    user_id, ingested_at, trial, key::int as study_day,
    case when jsonb_typeof(value) = 'number' then (value #>> '{}')::numeric::int end as arm_number,
    case when jsonb_typeof(value) = 'string' then value #>> '{}' end as arm_name
from entries
where trial is not null and key ~ '^\d{1,5}$'
order by user_id, trial, key::int, ingested_at desc
