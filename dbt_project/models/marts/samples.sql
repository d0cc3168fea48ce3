{{ config(materialized='lasting_view') }}

-- depends_on: {{ ref('int_samples__by_day') }}

{% if has_timescaledb() -%}
select user_id, day, measure, measured_at, local_at, value, as_of
from intraday.samples
{%- else -%}
select
    reported.user_id,
    reported.day,
    reported.measure,
    sample.measured_at,
    (sample.measured_at at time zone 'UTC') + make_interval(secs => sample.clock_ahead_s) as local_at,
    sample.value,
    reported.as_of
from {{ ref('int_samples__by_day') }} as reported
cross join lateral unnest(reported.measured_at, reported.clock_ahead_s, reported.value) as sample (measured_at, clock_ahead_s, value)
{%- endif %}
