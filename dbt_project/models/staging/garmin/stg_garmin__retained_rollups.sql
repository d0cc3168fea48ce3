{{ config(materialized='lasting_view', meta={'event_types': [
        'garmin.floors', 'garmin.heart_rate', 'garmin.hrv', 'garmin.intensity_minutes', 'garmin.respiration',
        'garmin.spo2', 'garmin.steps_intervals', 'garmin.stress'
    ]}) }}

-- Rollups of series that were downsampled, of the versions of payloads that are the newest still: one row a payload and measure.

select
    kept.event_id,
    kept.user_id,
    kept.day,
    kept.measure,
    kept.downsampling_id,
    kept.bucket_at,
    kept.samples,
    kept.sum,
    kept.min,
    kept.max,
    kept.ingested_at
from {{ source('raw', 'retained_rollups') }} as kept
inner join {{ ref('base_events__current') }} as current
    on current.user_id = kept.user_id and current.event_id = kept.event_id and current.ingested_at = kept.ingested_at
