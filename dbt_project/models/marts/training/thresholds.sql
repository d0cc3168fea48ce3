{{ config(materialized='by_person') }}

-- From when to when each threshold was in force. Once somebody stated one, it holds until the next is stated:
-- estimates fill the time before.

with

given as (
    select *, min(day) over (partition by user_id, sport, kind) as first_given_day
    from {{ people_of(ref('int_thresholds_given')) }}
),

firsts as (
    select distinct user_id, sport, kind, first_given_day
    from given
),

known as (
    select user_id, sport, kind, day, value, 'given' as origin, method, as_of
    from given
    union all
    select estimated.user_id, estimated.sport, estimated.kind, estimated.day, estimated.value, 'estimated' as origin,
        estimated.method, estimated.as_of
    from {{ people_of(ref('int_thresholds_estimated')) }} as estimated
    left join firsts
        on firsts.user_id = estimated.user_id and firsts.sport = estimated.sport and firsts.kind = estimated.kind
    where firsts.first_given_day is null or estimated.day < firsts.first_given_day
),

compared as (
    select
        *,
        row(value, origin, method) is distinct from lag(row(value, origin, method)) over seen as is_change
    from known
    window seen as (partition by user_id, sport, kind order by day)
)

select
    user_id,
    sport,
    kind,
    day as first_day,
    lead(day) over (partition by user_id, sport, kind order by day) - 1 as last_day,
    value,
    origin,
    method,
    as_of
from compared
where is_change
