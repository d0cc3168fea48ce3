-- The ledger of what was fetched, with the holes in it as rows: a day between a kind's first and last of which nothing
-- is known is `missing`.

with

ledger as (
    select user_id, kind, day, status, attempts, last_error, fetched_at
    from {{ source('ops', 'coverage') }}
),

spans as (
    select user_id, kind, min(day) as first_day, max(day) as last_day
    from ledger
    group by user_id, kind
),

calendar as (
    select spans.user_id, spans.kind, dates.day::date as day
    from spans
    cross join lateral
        generate_series(spans.first_day::timestamp, spans.last_day::timestamp, interval '1 day') as dates (day)
)

select
    calendar.user_id,
    calendar.kind,
    calendar.day,
    coalesce(ledger.status, 'missing') as status,
    coalesce(ledger.attempts, 0) as attempts,
    ledger.last_error,
    ledger.fetched_at,
    ledger.fetched_at as as_of
from calendar
left join ledger
    on ledger.user_id = calendar.user_id and ledger.kind = calendar.kind and ledger.day = calendar.day
