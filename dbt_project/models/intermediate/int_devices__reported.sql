-- Watches that the training status names, as each payload reports it: kept apart so that a day's watch is found without
-- unpacking the payloads again.
{{ config(incremental_strategy='by_event') }}

select
    event_id,
    user_id,
    day,
    device_id,
    is_primary,
    computed_at,
    ingested_at
from {{ changed_events(ref('stg_garmin__training_status')) }} as reported
where day is not null and device_id is not null
