{{ config(materialized='lasting_view') }}

-- depends_on: {{ ref('samples_5min') }}, {{ ref('int_sample_rollups__by_day') }}, {{ ref('stg_garmin__retained_rollups') }}

{% if has_timescaledb() -%}
-- What was downsampled is in the five-minute rollups alone: of such days the hours are added up from those.
select {{ rollup_columns() }}
from intraday.samples_hourly as fresh
where not exists (
    select from {{ ref('stg_garmin__retained_rollups') }} as kept
    where kept.user_id = fresh.user_id and kept.day = fresh.day and kept.measure = fresh.measure
)
union all
select {{ rollup_columns() }}
from (
    select
        user_id, day, measure, date_bin('1 hour', bucket_at, '2000-01-01 00:00+00') as bucket_at,
        sum(samples)::integer as samples, {{ exact_sum('sum') }} as sum, min(min) as min, max(max) as max, max(as_of) as as_of
    from {{ ref('samples_5min') }}
    where (user_id, day, measure) in (select user_id, day, measure from {{ ref('stg_garmin__retained_rollups') }})
    group by user_id, day, measure, 4
) as kept
{%- else -%}
{{ unpacked_rollups(60) }}
{%- endif %}
