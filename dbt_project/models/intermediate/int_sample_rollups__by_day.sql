-- Five-minute and hourly rollups in arrays, one row a person, day, measure and width. Where the server has TimescaleDB, its
-- continuous aggregates report the same, and there is no row here.

{{ config(incremental_strategy='by_day') }}

with

fresh as (
    select
        reported.user_id, reported.day, reported.measure, date_bin('5 minutes', sample.measured_at, '2000-01-01 00:00+00') as bucket_at,
        -- What is unpacked from a payload wins over what was kept of an older one.
        9223372036854775807 as downsampling_id,
        count(*) as samples, {{ exact_sum('sample.value') }} as sum, min(sample.value) as min, max(sample.value) as max,
        max(reported.as_of) as as_of
    from {{ changed_days(ref('int_samples__by_day')) }} as reported
    cross join lateral unnest(reported.measured_at, reported.value) as sample (measured_at, value)
    {% if has_timescaledb() -%}
    where false
    {% endif -%}
    group by reported.user_id, reported.day, reported.measure, 4
),

kept as (
    {{ retained_buckets(changed_days(ref('stg_garmin__retained_rollups'))) }}
    {% if has_timescaledb() -%}
    where false
    {% endif %}
),

reported as (
    select user_id, day, measure, bucket_at, downsampling_id, samples, sum, min, max, as_of
    from fresh
    union all
    select user_id, day, measure, bucket_at, downsampling_id, samples, sum, min, max, as_of
    from kept
),

-- Two accounts can report one bucket, each a part of it; but of one that was reported again later the earlier is excluded.
newest as (
    select *, downsampling_id = max(downsampling_id) over (partition by user_id, day, measure, bucket_at) as is_newest
    from reported
),

five_minutes as (
    select
        user_id, day, measure, bucket_at, sum(samples)::integer as samples, {{ exact_sum('sum') }} as sum, min(min) as min,
        max(max) as max, max(as_of) as as_of
    from newest
    where is_newest
    group by user_id, day, measure, bucket_at
),

hours as (
    select
        user_id, day, measure, date_bin('1 hour', bucket_at, '2000-01-01 00:00+00') as bucket_at,
        sum(samples)::integer as samples, {{ exact_sum('sum') }} as sum, min(min) as min, max(max) as max, max(as_of) as as_of
    from five_minutes
    group by user_id, day, measure, 4
),

both_widths as (
    select 5 as minutes, * from five_minutes
    union all
    select 60 as minutes, * from hours
)

select
    user_id,
    day,
    measure,
    minutes,
    array_agg(bucket_at order by bucket_at) as bucket_at,
    array_agg(samples order by bucket_at) as samples,
    array_agg(sum order by bucket_at) as sum,
    array_agg(min order by bucket_at) as min,
    array_agg(max order by bucket_at) as max,
    array_agg(as_of order by bucket_at) as bucket_as_of,
    max(as_of) as as_of
from both_widths
group by user_id, day, measure, minutes
