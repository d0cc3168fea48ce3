with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.heart_rate'
),

sampled as (
    select
        source.*,
        samples.*
    from source
    cross join lateral (
        -- The array leaves rows out where nothing was measured, and holds nulls too.
        select
            count(sample.hr_bpm) as hr_samples,
            avg(sample.hr_bpm) as mean_hr_bpm,
            min(sample.hr_bpm) as lowest_sample_bpm,
            max(sample.hr_bpm) as highest_sample_bpm
        from jsonb_array_elements({{ json_array("source.data -> 'heartRateValues'") }}) as entry (pair)
        cross join lateral (select {{ json_positive("entry.pair -> 1") }} as hr_bpm) as sample
    ) as samples
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        utc_offset,
        {{ json_positive("data -> 'restingHeartRate'") }} as resting_hr_bpm,
        coalesce({{ json_positive("data -> 'minHeartRate'") }}, lowest_sample_bpm) as min_hr_bpm,
        coalesce({{ json_positive("data -> 'maxHeartRate'") }}, highest_sample_bpm) as max_hr_bpm,
        mean_hr_bpm,
        hr_samples::integer as hr_samples,
        ingested_at
    from sampled
)

select *, num_nonnulls(resting_hr_bpm, min_hr_bpm, max_hr_bpm) > 0 as has_data
from renamed
