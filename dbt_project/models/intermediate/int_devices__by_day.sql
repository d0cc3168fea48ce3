-- The watch that a person trained with on a day, as far as its training status names it.
{{ config(incremental_strategy='by_day') }}

select distinct on (user_id, day)
    user_id,
    day,
    device_id,
    ingested_at as as_of
from {{ changed_days(ref('int_devices__reported')) }} as reported
order by user_id, day, is_primary desc, computed_at desc nulls last, ingested_at desc, event_id, device_id
