{#-
  Samples of some payloads, one row each. `payloads` is base_garmin__payloads or part of it, `all_payloads` the whole.
  What a payload states about itself is read once a payload, and its series are unpacked by raw.samples_of.
-#}
{% macro unpacked_samples(payloads, all_payloads) -%}
    select
        payload.event_id, payload.user_id, sample.measure, sample.measured_at, sample.value, payload.ingested_at,
        coalesce(payload.day, stated.day, ((sample.measured_at at time zone 'UTC') + stated.start_offset)::date) as day,
        -- Where the clock changed within the day, the person's zone says when; what it cannot say keeps the day's first.
        case
            when stated.is_by_zone then sample.measured_at at time zone people.timezone
            else (sample.measured_at at time zone 'UTC') + stated.start_offset
        end as local_at
    from {{ payloads }} as payload
    left join {{ ref('stg_ops__people') }} as people on people.user_id = payload.user_id
    cross join lateral (
        select
            coalesce(about.day, about.night, {{ safe_date("payload.metadata ->> 'day'") }}) as day,
            coalesce(about.start_local - about.start_gmt, payload.utc_offset) as start_offset,
            -- Whether the day went by the clock of the person's zone: it explains the offset at the start, and at the end.
            (about.start_gmt at time zone 'UTC' at time zone people.timezone) = about.start_local
                and coalesce((about.end_gmt at time zone 'UTC' at time zone people.timezone) = about.end_local, true)
                as is_by_zone
        from json_table(
            payload.data, '$'
            columns (
                day date path '$.calendarDate ? (@ starts with "20")',
                night date path '$.hrvSummary.calendarDate ? (@ starts with "20")',
                start_local timestamp path '$.startTimestampLocal ? (@ starts with "20")',
                start_gmt timestamp path '$.startTimestampGMT ? (@ starts with "20")',
                end_local timestamp path '$.endTimestampLocal ? (@ starts with "20")',
                end_gmt timestamp path '$.endTimestampGMT ? (@ starts with "20")'
            )
        ) as about
        -- Computed once a payload: without this, once a sample.
        offset 0
    ) as stated
    cross join lateral raw.samples_of(payload.event_type, payload.data) as sample
    where payload.event_type in (
        'garmin.heart_rate', 'garmin.stress', 'garmin.respiration', 'garmin.spo2', 'garmin.intensity_minutes',
        'garmin.hrv', 'garmin.floors', 'garmin.steps_intervals'
    )
    -- Part of a day's steps, of a file, is reported again by the whole day.
    and not (
        payload.data ? 'partStartGMT' and exists (
            select from {{ all_payloads }} as whole
            where whole.user_id = payload.user_id and whole.event_type = payload.event_type
                and whole.data ? 'endTimestampGMT' and whole.metadata ->> 'day' = payload.metadata ->> 'day' and whole.day = payload.day
        )
    )
{%- endmacro %}

{#-
  Each instant of a measure once a day: two accounts, or a part and a whole, can report it twice. The newest payload that
  reports it wins, as in raw.downsample_samples.
-#}
{% macro deduplicated_samples(payloads, all_payloads) -%}
    select distinct on (user_id, day, measure, measured_at)
        user_id, day, measure, measured_at, local_at, value, ingested_at
    from (
        {{ unpacked_samples(payloads, all_payloads) }}
    ) as reported
    where day is not null and local_at is not null
    order by user_id, day, measure, measured_at, ingested_at desc, event_id, value
{%- endmacro %}

{#- Rollups that stayed of downsampled series, one row a bucket, of payloads that are still the newest version. -#}
{% macro retained_buckets(relation) -%}
    select
        kept.user_id, kept.day, kept.measure, bucket.bucket_at, kept.downsampling_id,
        bucket.samples, bucket.sum, bucket.min, bucket.max, kept.ingested_at as as_of
    from {{ relation }} as kept
    cross join lateral unnest(kept.bucket_at, kept.samples, kept.sum, kept.min, kept.max)
        as bucket (bucket_at, samples, sum, min, max)
{%- endmacro %}

{#-
  Sums add up in numeric: the same to the last digit in whatever order, in PostgreSQL's own aggregation and in a
  continuous aggregate.
-#}
{% macro exact_sum(value) -%}
  sum({{ value }}::numeric)::double precision
{%- endmacro %}
