-- Caffeine, alcohol and supplements: what was taken, how much, at what local hour.
with events as ({{ current_events(source('inbox', 'logs'), ['caffeine', 'alcohol', 'supplement']) }})

select
    event_id, user_id, occurred_at, utc_offset, ingested_at, event_type as kind,
    {{ local_day('occurred_at', 'utc_offset') }} as day,
    extract(hour from (occurred_at at time zone 'UTC') + coalesce(utc_offset, interval '0'))::int as local_hour,
    case when event_type = 'supplement' then {{ slug("data ->> 'name'") }} end as name,
    case event_type
        when 'caffeine' then {{ measured("data -> 'amount_mg'") }}
        when 'alcohol' then {{ measured("data -> 'amount_g'") }}
        -- A supplement without an amount was taken all the same: it counts as one.
        else coalesce({{ measured("data -> 'amount'") }}, 1)
    end as amount,
    case event_type when 'caffeine' then 'mg' when 'alcohol' then 'g' else data ->> 'unit' end as unit
from events
