-- A file of a few hours up to a day, one row each. Its samples are read only for days that nothing else reports: ten
-- years of them are tens of millions.

{{ config(
    days=['first_day - 1', 'first_day', 'first_day + 1'],
    indexes=[{'columns': ['user_id', 'first_day']}],
    meta={'event_types': ['fit.monitoring']},
) }}

with

source as (
    select * from {{ changed_events(ref('base_fit__files')) }}
    where event_type = 'fit.monitoring'
)

select
    event_id,
    user_id,
    occurred_at as started_at,
    utc_offset,
    {{ local_day('occurred_at', 'utc_offset') }} as first_day,
    data -> 'samples' as samples,
    ingested_at
from source
