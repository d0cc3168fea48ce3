{{ config(materialized='lasting_view') }}

-- depends_on: {{ ref('int_samples__by_day') }}, {{ ref('int_sample_rollups__by_day') }}, {{ ref('stg_garmin__retained_rollups') }}

{% if has_timescaledb() -%}
select {{ rollup_columns() }}
from intraday.samples_5min
union all
select {{ rollup_columns() }}
from (
    {{ kept_five_minutes() }}
) as kept
where not exists (
    select from intraday.samples_5min as fresh
    where fresh.user_id = kept.user_id and fresh.day = kept.day and fresh.measure = kept.measure
        and fresh.bucket_at = kept.bucket_at
)
{%- else -%}
{{ unpacked_rollups(5) }}
{%- endif %}
