{{ config(meta={'event_types': [
        'garmin.floors', 'garmin.heart_rate', 'garmin.hrv', 'garmin.intensity_minutes', 'garmin.respiration',
        'garmin.spo2', 'garmin.steps_intervals', 'garmin.stress'
    ]}) }}

-- A view: nothing in a build reads all samples by it. Who asks for one person's days reads that person's payloads and no
-- others: each is taken from the log once, and unpacked once for what it states about itself and once a series.

select event_id, user_id, day, measure, measured_at, local_at, value, ingested_at
from (
    {{ unpacked_samples(ref('base_garmin__payloads'), ref('base_garmin__payloads')) }}
) as unpacked
