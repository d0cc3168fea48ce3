-- The account and its export report the same measurement: one of a minute on the wall clock with the same figures counts.
-- By the wall clock, for the export states no offset: of a measurement abroad its instant is a guess.

{{ config(incremental_strategy='by_person') }}

select distinct on (user_id, date_trunc('minute', measured_at at time zone 'UTC' + utc_offset), systolic_mmhg, diastolic_mmhg, pulse_bpm)
    user_id,
    event_id,
    measured_at,
    utc_offset,
    day,
    systolic_mmhg,
    diastolic_mmhg,
    pulse_bpm,
    ingested_at as as_of
from {{ changed_people(ref('stg_garmin__blood_pressures')) }}
where has_data
order by
    user_id, date_trunc('minute', measured_at at time zone 'UTC' + utc_offset), systolic_mmhg, diastolic_mmhg, pulse_bpm, is_exported, ingested_at desc,
    event_id
