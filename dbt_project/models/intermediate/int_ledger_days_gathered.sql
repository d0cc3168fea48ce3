-- What the coverage ledger says of a day, over the kinds of which there is one for every day and night.
{{ config(materialized='by_day') }}

{% set a_day = quoted(kinds_of_every_day()) %}
{% set a_night = quoted(kinds_of_every_night()) %}

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
    max(greatest(fetched_at, asked_at)) as as_of
from {{ days_of(source('ops', 'coverage')) }} as ledger
where kind in ({{ a_day }}, {{ a_night }}) and {{ was_in_ledger() }}
group by user_id, day
