with

gathered as (
    select
        user_id,
        day,
        {{ pivot_metrics(wellness_metrics()) }}
    from {{ changed_days(ref('int_daily_metrics__deduplicated')) }}
    where metric in ('{{ wellness_metrics() | join("', '") }}')
    group by user_id, day
),

napped as (
    select user_id, day, count(*)::integer as naps, sum(nap_minutes order by nap_minutes) as nap_minutes, max(as_of) as as_of
    from {{ changed_days(ref('naps')) }}
    group by user_id, day
)

select
    user_id,
    day,
    {% for metric in wellness_metrics() -%}
    gathered.{{ metric }},
    {% endfor -%}
    napped.naps,
    napped.nap_minutes,
    greatest(gathered.as_of, napped.as_of) as as_of
from gathered
full join napped using (user_id, day)
