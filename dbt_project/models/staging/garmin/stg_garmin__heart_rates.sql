{{ config(meta={'event_types': ['garmin.heart_rate']}) }}

with

-- Materialized, so that a payload of hundreds of samples is unpacked once and not once a column.
source as materialized (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        utc_offset,
        data -> 'restingHeartRate' as resting,
        data -> 'minHeartRate' as lowest,
        data -> 'maxHeartRate' as highest,
        -- The array leaves rows out where nothing was measured, and holds nulls too: the filter passes numbers only.
        jsonb_path_query_array(data, '$.heartRateValues[*][1] ? (@ > 0 && @ < 1000)') as samples,
        -- What is left of a series that was downsampled.
        data -> 'thinned' -> 'heart_rate' as kept,
        ingested_at
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.heart_rate'
),

renamed as (
    select
        source.event_id,
        source.user_id,
        source.day,
        source.utc_offset,
        {{ json_positive('source.resting') }} as resting_hr_bpm,
        coalesce({{ json_positive('source.lowest') }}, sampled.lowest_bpm, {{ json_number("source.kept -> 'lowest'") }}) as min_hr_bpm,
        coalesce({{ json_positive('source.highest') }}, sampled.highest_bpm, {{ json_number("source.kept -> 'highest'") }}) as max_hr_bpm,
        coalesce(sampled.mean_bpm, {{ json_number("source.kept -> 'mean'") }}) as mean_hr_bpm,
        coalesce(nullif(sampled.samples, 0), {{ json_integer("source.kept -> 'samples'") }}, 0)::integer as hr_samples,
        source.ingested_at
    from source
    cross join lateral (
        select count(*) as samples, avg(bpm) as mean_bpm, min(bpm) as lowest_bpm, max(bpm) as highest_bpm
        from (select value::double precision as bpm from jsonb_array_elements_text(source.samples)) as sample
    ) as sampled
)

select *, num_nonnulls(resting_hr_bpm, min_hr_bpm, max_hr_bpm) > 0 as has_data
from renamed
