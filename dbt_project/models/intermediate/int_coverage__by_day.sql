-- What the coverage ledger says of a day, over the kinds of which there is one for every day and night, and over the list
-- of activities; an account's export reports days and nights in kinds of its own.
{{ config(incremental_strategy='by_day') }}

{% set a_day = csv_literals(kinds_of_every_day() + kinds_of_exported_days()) %}
{% set a_night = csv_literals(kinds_of_every_night() + kinds_of_exported_nights()) %}

select
    user_id,
    day,
    coalesce(bool_or(status in ('final', 'fetched', 'provisional')) filter (where kind in ({{ a_day }})), false) as is_day_there,
    coalesce(bool_or(status = 'provisional') filter (where kind in ({{ a_day }})), false) as is_day_provisional,
    coalesce(bool_or(status = 'failed') filter (where kind in ({{ a_day }})), false) as is_day_failed,
    coalesce(bool_or(true) filter (where kind in ({{ a_day }})), false) as is_day_listed,
    coalesce(bool_or(status in ('final', 'fetched', 'provisional')) filter (where kind in ({{ a_night }})), false) as is_night_there,
    coalesce(bool_or(status = 'provisional') filter (where kind in ({{ a_night }})), false) as is_night_provisional,
    coalesce(bool_or(status = 'failed') filter (where kind in ({{ a_night }})), false) as is_night_failed,
    coalesce(bool_or(status = 'empty') filter (where kind in ({{ a_night }})), false) as is_night_empty,
    coalesce(bool_or(true) filter (where kind in ({{ a_night }})), false) as is_night_listed,
    coalesce(bool_or(status = 'failed') filter (where kind = 'activity'), false) as is_activity_failed,
    max(greatest(fetched_at, requested_at)) as as_of
from {{ changed_days(source('ops', 'coverage')) }} as ledger
where kind in ({{ a_day }}, {{ a_night }}, 'activity') and {{ was_in_ledger() }}
group by user_id, day
