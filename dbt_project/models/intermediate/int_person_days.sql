-- Every day from the first to the last of which anything is known of a person, so that a missing day is a row. It ends
-- with what is known or with the ledger, whichever is later, and never begins with the ledger: that a day of ten years
-- ago was asked for in vain makes no day. Nothing is filled between days more than ten years apart: one of them
-- is a mistyped year. The zone stands here so that moving it makes every day anew.
{{ config(incremental_strategy='by_person') }}

with

reported as (
    select user_id, day, as_of, is_worn from {{ changed_people(ref('int_wearable_days__joined')) }}
    union all
    select user_id, day, as_of, false as is_worn from {{ changed_people(ref('nights')) }}
    union all
    select user_id, day, as_of, false as is_worn from {{ changed_people(ref('int_weights__by_day')) }}
    union all
    select user_id, day, as_of, false as is_worn from {{ changed_people(ref('int_measures__by_day')) }}
    union all
    select user_id, day, as_of, false as is_worn from {{ changed_people(ref('int_intakes__by_day')) }}
    union all
    select user_id, day, as_of, false as is_worn from {{ changed_people(ref('int_training_load__by_day')) }}
),

known as (
    select user_id, day, max(as_of) as as_of, bool_or(is_worn) as is_worn, true as is_known
    from reported
    group by user_id, day
),

spans as (
    select
        user_id,
        min(day) as first_day,
        min(day) filter (where is_worn) as first_worn_day,
        max(day) filter (where is_worn) as last_worn_day
    from known
    group by user_id
),

asked as (
    select ledger.user_id, ledger.day, ledger.as_of, false as is_worn, false as is_known
    from {{ changed_people(ref('int_coverage__by_day')) }} as ledger
    inner join spans on spans.user_id = ledger.user_id and ledger.day > spans.first_day
    where (ledger.is_day_listed or ledger.is_night_listed)
        and not exists (select from known where known.user_id = ledger.user_id and known.day = ledger.day)
),

neighbours as (
    select
        *,
        lead(day) over days_in_order as next_day,
        lead(as_of) over days_in_order as next_as_of
    from (
        select * from known
        union all
        select * from asked
    ) as either
    window days_in_order as (partition by user_id order by day)
)

select
    neighbours.user_id,
    calendar.day::date as day,
    neighbours.is_known and calendar.day::date = neighbours.day as is_known,
    case
        when spans.first_worn_day is null then 'no watch'
        when calendar.day < spans.first_worn_day then 'before the watch'
        when calendar.day > spans.last_worn_day then 'after the watch'
        else 'unknown'
    end as absence_reason,
    people.timezone,
    -- That nothing is there is known since the days beside it came in.
    case when calendar.day::date = neighbours.day then neighbours.as_of else greatest(neighbours.as_of, neighbours.next_as_of) end
        as as_of
from neighbours
inner join spans on spans.user_id = neighbours.user_id
left join {{ ref('stg_ops__people') }} as people on people.user_id = neighbours.user_id
cross join lateral generate_series(
    neighbours.day::timestamp,
    case when neighbours.next_day - neighbours.day <= 3653 then neighbours.next_day - 1 else neighbours.day end::timestamp,
    interval '1 day'
) as calendar (day)
