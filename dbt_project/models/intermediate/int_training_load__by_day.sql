-- Exercise per day. A day on which a watch was worn and nothing recorded is a day of rest: 0, unless the list of its
-- activities could not be fetched. The load (the minutes) of a day with an activity of which nobody knows it is unknown,
-- not the sum of the others.

{{ config(incremental_strategy='by_person') }}

with

exercised as (
    select
        user_id,
        day,
        count(*)::integer as activity_count,
        case when count(duration_s) = count(*) then sum(duration_s order by duration_s) / 60 end as activity_minutes,
        case when count(training_load) = count(*) then sum(training_load order by training_load) end as training_load,
        max(as_of) as as_of
    from {{ changed_people(ref('int_activities__merged')) }}
    group by user_id, day
),

-- Somebody whose activities were never fetched did not rest all their life.
known_people as (
    select user_id, min(day) as first_day
    from exercised
    group by user_id
),

rested as (
    select worn.user_id, worn.day, worn.as_of
    from {{ changed_people(ref('int_wearable_days__joined')) }} as worn
    inner join known_people on known_people.user_id = worn.user_id and worn.day >= known_people.first_day
    where worn.is_worn
        and not exists (
            select from exercised
            where exercised.user_id = worn.user_id and exercised.day = worn.day
        )
        and not exists (
            select from {{ changed_people(ref('int_coverage__by_day')) }} as ledger
            where ledger.user_id = worn.user_id and ledger.day = worn.day and ledger.is_activity_failed
        )
)

select user_id, day, activity_count, activity_minutes, training_load, as_of
from exercised
union all
select user_id, day, 0 as activity_count, 0 as activity_minutes, 0 as training_load, as_of
from rested
