{{ config(incremental_strategy='by_person') }}

-- One row a day from a person's first activity on to the last one or the last day on which a watch was worn. A day on
-- which a watch was worn and nothing recorded is rest: 0; of who never wore one, every day without a recording is. The load of any other
-- day without a recording, and of one whose list of activities could not be fetched, is unknown, and counts as rest in the
-- exponential means, as it does in every other program.
-- The load of a day with an activity whose load nobody knows is unknown too, and leaves the means as they are.

{% set sums = ['load', 'tss', 'hrtss', 'trimp', 'edwards_trimp', 'session_rpe'] %}

with

exercised as (
    select
        user_id,
        day,
        count(*)::integer as activity_count,
        count(*) filter (where load is null)::integer as unknown_activities,
        count(*) filter (
            where case when load_method = 'power' then ftp_w_origin = 'estimated'
                when load is not null then 'estimated' in (threshold_hr_bpm_origin, max_hr_bpm_origin, resting_hr_bpm_origin) end
        )::integer as estimated_activities,
        {% for name in sums -%}
        case when count({{ name }}) = count(*) then sum({{ name }} order by activity_id) end as {{ name }},
        {% endfor -%}
        max(as_of) as as_of
    from {{ changed_people(ref('activity_loads')) }}
    where day is not null
    group by user_id, day
),

worn as (
    select user_id, day, is_worn, as_of
    from {{ changed_people(ref('int_wearable_days__joined')) }}
),

wearers as (
    select distinct user_id
    from worn
    where is_worn
),

unlisted as (
    select user_id, day
    from {{ changed_people(ref('int_coverage__by_day')) }}
    where is_activity_failed
),

spans as (
    select exercised.user_id, min(exercised.day) as first_day,
        greatest(max(exercised.day), (select max(worn.day) from worn where worn.user_id = exercised.user_id and worn.is_worn))
            as last_day
    from exercised
    group by exercised.user_id
),

spine as (
    select spans.user_id, day::date as day
    from spans
    cross join lateral generate_series(spans.first_day::timestamp, spans.last_day::timestamp, interval '1 day') as day
),

known as (
    select
        spine.user_id,
        spine.day,
        coalesce(exercised.activity_count, case when resting.is_reported then 0 end) as activity_count,
        coalesce(exercised.unknown_activities, 0) as unknown_activities,
        coalesce(exercised.estimated_activities, 0) as estimated_activities,
        {% for name in sums -%}
        case when exercised.user_id is not null then exercised.{{ name }} when resting.is_reported then 0 end as {{ name }},
        {% endfor -%}
        case when exercised.user_id is not null then exercised.load else 0 end as counted_load,
        greatest(exercised.as_of, worn.as_of) as as_of
    from spine
    left join exercised on exercised.user_id = spine.user_id and exercised.day = spine.day
    left join worn on worn.user_id = spine.user_id and worn.day = spine.day
    left join wearers on wearers.user_id = spine.user_id
    left join unlisted on unlisted.user_id = spine.user_id and unlisted.day = spine.day
    cross join lateral (
        select (worn.is_worn or wearers.user_id is null) and unlisted.user_id is null as is_reported
    ) as resting
),

averaged as (
    select
        *,
        row_number() over so_far as history_days,
        training.exponential_mean(counted_load, {{ weight_of_time_constant(42) }}) over so_far as ctl,
        training.exponential_mean(counted_load, {{ weight_of_time_constant(7) }}) over so_far as atl,
        training.exponential_mean(counted_load, {{ weight_of_span(7) }}) over so_far as acute_load,
        training.exponential_mean(counted_load, {{ weight_of_span(28) }}) over so_far as running_chronic_load,
        max(as_of) over so_far as newest_as_of,
        count(*) filter (where load is null) over (
            partition by user_id order by day rows between 41 preceding and current row
        ) as unknown_days_of_42,
        count(load) over week as known_days_of_7,
        sum(load) over week as week_load,
        avg(load) over week as week_mean,
        stddev_samp(load) over week as week_spread
    from known
    window
        so_far as (partition by user_id order by day rows between unbounded preceding and current row),
        week as (partition by user_id order by day rows between 6 preceding and current row)
),

lagged as (
    select
        *,
        lag(ctl) over days - lag(atl) over days as tsb,
        -- Uncoupled: the mean as it stood before the acute week began; it needs 28 days behind it.
        case when history_days >= 35 then lag(running_chronic_load, 7) over days end as chronic_load,
        case when known_days_of_7 = 7 and week_spread > 1e-9 * week_mean then week_mean / week_spread end as monotony
    from averaged
    window days as (partition by user_id order by day)
)

select
    user_id,
    day,
    activity_count,
    unknown_activities,
    estimated_activities,
    {% for name in sums -%}
    {{ name }},
    {% endfor -%}
    ctl,
    atl,
    tsb,
    case when known_days_of_7 = 7 then week_load end as week_load,
    monotony,
    week_load * monotony as strain,
    acute_load,
    chronic_load,
    acute_load / nullif(chronic_load, 0) as acwr,
    history_days::integer as history_days,
    unknown_days_of_42::integer as unknown_days_of_42,
    newest_as_of as as_of
from lagged
