-- The ledger of what was fetched, with the holes in it as rows, and why a day of a kind is not there: in the words of
-- `santorio coverage`.
{{ config(incremental_strategy='by_day') }}

with

reported as (
    select user_id, kind, day, status, attempts, last_error, fetched_at
    from {{ changed_days(source('ops', 'coverage')) }} as ledger
    where {{ was_in_ledger() }}
    union all
    select
        user_id, kind, day, 'missing' as status, 0 as attempts, null::text as last_error, null::timestamptz as fetched_at
    from {{ changed_days(ref('int_coverage_gaps')) }} as holes
    -- A sync beside the build may have filled a hole since it was found.
    where not exists (
        select from {{ source('ops', 'coverage') }} as ledger
        where ledger.user_id = holes.user_id and ledger.kind = holes.kind and ledger.day = holes.day
            and {{ was_in_ledger() }}
    )
),

days as (
    select * from {{ changed_days(ref('int_coverage__by_day')) }} as gathered
)

select
    reported.user_id,
    reported.day,
    reported.kind,
    reported.status,
    -- The function also gives `santorio coverage` its reasons.
    ops.coverage_reason(
        status => nullif(reported.status, 'missing'),
        is_night_kind => reported.kind in ({{ csv_literals(kinds_of_every_night()) }}),
        is_listed => days.user_id is not null,
        is_day_listed => days.is_day_listed,
        is_present => days.is_day_there or days.is_night_there,
        has_failed => days.is_day_failed or days.is_night_failed,
        is_night_present => days.is_night_there,
        is_night_empty => days.is_night_empty
    ) as reason,
    reported.attempts,
    reported.last_error,
    reported.fetched_at,
    reported.fetched_at as as_of
from reported
left join days on days.user_id = reported.user_id and days.day = reported.day
