with events as ({{ current_events(source('inbox', 'trials'), ['trial.protocol']) }})

select distinct on (user_id, data ->> 'trial')
    user_id, ingested_at, data ->> 'trial' as trial,
    data ->> 'question' as question,
    case when jsonb_typeof(data -> 'arms') = 'array' then data -> 'arms' else '[]'::jsonb end as arms,
    {{ slug("data ->> 'outcome'") }} as outcome,
    case when jsonb_typeof(data -> 'secondary') = 'array' then data -> 'secondary' else '[]'::jsonb end as secondary,
    coalesce(data ->> 'direction', 'higher') as direction,
    {{ number("data -> 'smallest_effect'") }} as smallest_effect,
    {{ number("data -> 'lag_days'") }}::int as lag_days,
    {{ day_of("data ->> 'start_day'") }} as start_day,
    {{ number("data -> 'period_days'") }}::int as period_days,
    coalesce({{ number("data -> 'washout_days'") }}::int, 0) as washout_days,
    {{ number("data -> 'cycles'") }}::int as cycles,
    {{ number("data -> 'seed'") }}::bigint as seed,
    case when jsonb_typeof(data -> 'assignment') = 'array' then data -> 'assignment' else '[]'::jsonb end as assignment
from events
where data ->> 'trial' is not null
order by user_id, data ->> 'trial', ingested_at desc
