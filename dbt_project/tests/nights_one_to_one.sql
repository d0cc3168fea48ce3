{{ config(tags=['every_build'], meta={'dagster': {'ref': {'name': 'nights'}}}) }}

-- Every night that Garmin sent is one row of the mart, and no other night is there. Compared over all of each person, so
-- that a night that an earlier build lost is noticed as well.

select user_id, coalesce(sent.nights, 0) as nights_sent, coalesce(built.nights, 0) as nights_built
from (
    select user_id, count(distinct day) as nights
    from {{ ref('stg_garmin__sleeps') }}
    where has_data and day is not null
    group by user_id
) as sent
full join (
    select user_id, count(*) as nights
    from {{ ref('nights') }}
    where sleep_minutes is not null
    group by user_id
) as built using (user_id)
where coalesce(sent.nights, 0) <> coalesce(built.nights, 0)
