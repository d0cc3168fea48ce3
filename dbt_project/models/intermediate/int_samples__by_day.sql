-- One row a person, day and measure, with the day's samples in arrays: ten years of a person are 33,000 rows of 0.1 GB,
-- where a row a sample would be 9 million of 1.4 GB. marts.samples shows them one row each.

{{ config(
    incremental_strategy='by_day',
    meta={'event_types': [
        'garmin.heart_rate', 'garmin.stress', 'garmin.respiration', 'garmin.spo2', 'garmin.intensity_minutes',
        'garmin.hrv', 'garmin.floors', 'garmin.steps_intervals'
    ]},
    post_hook=[
        {'sql': '{{ fill_hypertable() }}', 'transaction': true},
        {'sql': '{{ refresh_rollups() }}', 'transaction': false},
    ],
) }}

with

reported as (
    {{ deduplicated_samples(changed_days(ref('base_garmin__payloads')), ref('base_garmin__payloads')) }}
)

select
    user_id,
    day,
    measure,
    array_agg(measured_at order by measured_at) as measured_at,
    array_agg(extract(epoch from local_at - (measured_at at time zone 'UTC'))::integer order by measured_at) as clock_ahead_s,
    array_agg(value order by measured_at) as value,
    max(ingested_at) as as_of
from reported
group by user_id, day, measure
