{#- The columns of a rollup; the mean is computed from sum and number, in one place for all. -#}
{% macro rollup_columns() -%}
    user_id, day, measure, bucket_at, samples, sum / samples as mean, min, max, sum, as_of
{%- endmacro %}

{#- Rollups of one width out of the arrays. -#}
{% macro unpacked_rollups(minutes) -%}
    select
        reported.user_id, reported.day, reported.measure, bucket.bucket_at, bucket.samples, bucket.sum / bucket.samples as mean,
        bucket.min, bucket.max, bucket.sum, bucket.as_of
    from {{ ref('int_sample_rollups__by_day') }} as reported
    cross join lateral unnest(reported.bucket_at, reported.samples, reported.sum, reported.min, reported.max, reported.bucket_as_of)
        as bucket (bucket_at, samples, sum, min, max, as_of)
    where reported.minutes = {{ minutes }}
{%- endmacro %}

{#- Five-minute rollups of downsampled series, in what was reported last of each bucket. -#}
{% macro kept_five_minutes() -%}
    select
        user_id, day, measure, bucket_at, sum(samples)::integer as samples, {{ exact_sum('sum') }} as sum, min(min) as min,
        max(max) as max, max(as_of) as as_of
    from (
        select *, downsampling_id = max(downsampling_id) over (partition by user_id, day, measure, bucket_at) as is_newest
        from (
            {{ retained_buckets(ref('stg_garmin__retained_rollups')) }}
        ) as kept
    ) as ranked
    where is_newest
    group by user_id, day, measure, bucket_at
{%- endmacro %}
