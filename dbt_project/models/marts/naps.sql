-- A day's payload is fetched again and again, and two accounts can report one nap: its start names it.

{{ config(incremental_strategy='by_person') }}

select distinct on (user_id, nap_start_at)
    user_id,
    nap_start_at,
    nap_end_at,
    utc_offset,
    day,
    nap_minutes,
    feedback,
    ingested_at as as_of
from {{ changed_people(ref('stg_garmin__naps')) }}
where day is not null
order by user_id, nap_start_at, ingested_at desc, event_id, day, nap_end_at, nap_minutes, feedback
