-- Days between others of a kind of which the ledger has no row: of kinds that are there every day, and of those that
-- Garmin was asked for by the day, within the days that it was asked for. That there is no weighing on a day of an export
-- is no hole.
{{ config(incremental_strategy='by_person') }}

with

ledger as (
    select
        user_id, kind, day,
        kind in ({{ csv_literals(kinds_of_every_day() + kinds_of_every_night()) }}) or requested_at is not null as is_expected
    from {{ changed_people(source('ops', 'coverage')) }} as ledger
    where kind in ({{ csv_literals(kinds_of_every_day() + kinds_of_every_night() + kinds_asked_by_day()) }})
        and {{ was_in_ledger() }}
),

neighbours as (
    select
        user_id,
        kind,
        day,
        lead(day) over days_in_order as next_day,
        min(day) filter (where is_expected) over of_kind as first_expected_day,
        max(day) filter (where is_expected) over of_kind as last_expected_day
    from ledger
    window of_kind as (partition by user_id, kind), days_in_order as (partition by user_id, kind order by day)
)

select neighbours.user_id, neighbours.kind, hole.day::date as day
from neighbours
cross join lateral generate_series((neighbours.day + 1)::timestamp, (neighbours.next_day - 1)::timestamp, interval '1 day') as hole (day)
where next_day - neighbours.day > 1 and neighbours.day >= first_expected_day and next_day <= last_expected_day
