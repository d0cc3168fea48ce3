with payloads as ({{ current_events(source('garmin', 'payloads'), ['garmin.heart_rate']) }}),

renamed as (
    select
        user_id, day, utc_offset, ingested_at,
        nullif({{ measured("data -> 'restingHeartRate'") }}, 0) as resting_hr_bpm,
        nullif({{ measured("data -> 'minHeartRate'") }}, 0) as min_hr_bpm,
        nullif({{ measured("data -> 'maxHeartRate'") }}, 0) as max_hr_bpm,
        -- Rows are left out for hours, others hold null: neither is a heart rate.
        (
            select count(*) from {{ elements("data -> 'heartRateValues'") }} sample
            where jsonb_typeof(sample -> 1) = 'number'
        ) as samples
    from payloads where day is not null
)

select distinct on (user_id, day) * from renamed
where coalesce(resting_hr_bpm, min_hr_bpm, max_hr_bpm) is not null or samples > 0
order by user_id, day, samples desc, ingested_at desc
