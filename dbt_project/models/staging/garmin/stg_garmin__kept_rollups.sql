-- Rollups of series that were thinned, of the versions of payloads that are the newest still: one row a payload and measure.

select
    kept.event_id,
    kept.user_id,
    kept.day,
    kept.measure,
    kept.thinning_id,
    kept.bucket_at,
    kept.samples,
    kept.sum,
    kept.min,
    kept.max,
    kept.ingested_at
from {{ source('garmin', 'kept_rollups') }} as kept
inner join {{ ref('base_garmin__payloads') }} as payload
    on payload.user_id = kept.user_id and payload.event_id = kept.event_id and payload.ingested_at = kept.ingested_at
