-- Samples that the account draws of activities whose own file with records is not there. A view: nothing in a build
-- reads it, and who looks at one activity pays for that alone.

with

filed as (
    select distinct placed.user_id, placed.activity_id
    from {{ ref('int_activity_recordings__matched') }} as placed
    inner join {{ ref('base_fit__files') }} as files on files.user_id = placed.user_id and files.event_id = placed.event_id
    where placed.activity_id is not null and files.metadata ->> 'recording_id' is not null
),

-- Two recordings of one activity can each be drawn: the most trusted one is.
drawn as (
    select distinct on (numbers.user_id, numbers.activity_id) numbers.user_id, payload.event_id, numbers.activity_id
    from {{ ref('base_garmin__payloads') }} as payload
    inner join {{ ref('int_activity_numbers__resolved') }} as numbers
        on numbers.user_id = payload.user_id and numbers.activity_number = {{ json_label("payload.data -> 'activityId'") }}
    where payload.event_type = 'garmin.activity_samples' and numbers.preference is not null
        and not exists (
            select from filed
            where filed.user_id = numbers.user_id and filed.activity_id = numbers.activity_id
        )
    order by numbers.user_id, numbers.activity_id, numbers.preference, payload.event_id
)

select
    samples.user_id,
    drawn.activity_id,
    samples.sample_number,
    samples.measured_at,
    samples.heart_rate_bpm,
    samples.distance_m,
    samples.speed_mps,
    samples.power_w,
    samples.cadence_rpm,
    samples.altitude_m,
    samples.temperature_c,
    samples.latitude_deg,
    samples.longitude_deg,
    samples.ingested_at
from {{ ref('stg_garmin__activity_samples') }} as samples
inner join drawn on drawn.user_id = samples.user_id and drawn.event_id = samples.event_id
