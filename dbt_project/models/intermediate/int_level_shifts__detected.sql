-- Calendar weeks in which a metric lies elsewhere than in the person's own twelve weeks before: by the week's median, held
-- against the median and the spread (median absolute deviation, scaled to a normal one) of the days of those weeks. A week
-- of four days or more, with 28 days before it. All days of a week have its flag, so a Monday's rests on the days up to
-- Sunday; nothing later is looked at.
{{ config(incremental_strategy='by_person') }}

with

weeks as (
    select
        user_id,
        metric,
        day - (extract(isodow from day)::integer - 1) as monday,
        array_agg(day order by day) as days,
        array_agg(value order by day) as week_values,
        max(as_of) as as_of
    from {{ changed_people(ref('outcomes')) }} as outcomes
    group by 1, 2, 3
),

gathered as (
    select
        user_id,
        metric,
        days,
        week_values,
        as_of
        {%- for week in range(1, 13) %}
        , case when lag(monday, {{ week }}) over weeks_in_order >= monday - 84 then lag(week_values, {{ week }}) over weeks_in_order end
            as values_{{ week }}
        {%- endfor %},
        max(as_of) over (partition by user_id, metric order by monday range between interval '84 days' preceding and current row)
            as newest_as_of
    from weeks
    window weeks_in_order as (partition by user_id, metric order by monday)
),

compared as (
    select
        user_id,
        metric,
        days,
        newest_as_of as as_of,
        (select percentile_cont(0.5) within group (order by value) from unnest(week_values) as one (value)) as median_of_week,
        values_1{% for week in range(2, 13) %} || values_{{ week }}{% endfor %} as past_values
    from gathered
    where cardinality(week_values) >= 4
),

measured as (
    select compared.*, past.centre, spread.deviation
    from compared
    cross join lateral (
        select percentile_cont(0.5) within group (order by value) as centre from unnest(past_values) as one (value)
    ) as past
    cross join lateral (
        select 1.4826 * percentile_cont(0.5) within group (order by abs(value - past.centre)) as deviation
        from unnest(past_values) as one (value)
    ) as spread
    where cardinality(past_values) >= 28
)

select user_id, one.day, metric, median_of_week > centre as is_higher, as_of
from measured
cross join lateral unnest(days) as one (day)
-- Of what hardly ever varies, any change would be one: a fiftieth of its size is its least spread.
where abs(median_of_week - centre) > 2.5 * greatest(deviation, abs(centre) / 50, 1e-9)
