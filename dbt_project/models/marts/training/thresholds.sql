{{ config(incremental_strategy='by_person') }}

-- From when to when each threshold was in force. Once the person states one, it holds until the person states the next;
-- what a device or the account states fills the time before, and estimates that before anybody did.

with

given as (
    select
        *,
        min(day) over same as first_given_day,
        min(day) filter (where method = {{ word_of_the_person() }}) over same as first_word_day
    from {{ changed_people(ref('int_thresholds__declared')) }}
    window same as (partition by user_id, sport, kind)
),

firsts as (
    select distinct user_id, sport, kind, first_given_day
    from given
),

known as (
    select user_id, sport, kind, day, value, 'given' as origin, method, as_of
    from given
    where method = {{ word_of_the_person() }} or first_word_day is null or day < first_word_day
    union all
    select estimated.user_id, estimated.sport, estimated.kind, estimated.day, estimated.value, 'estimated' as origin,
        estimated.method, estimated.as_of
    from {{ changed_people(ref('int_thresholds__estimated')) }} as estimated
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
