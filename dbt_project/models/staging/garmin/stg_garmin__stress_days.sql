{{ config(meta={'event_types': ['garmin.stress', 'garmin.stress_summary']}) }}

with

-- Materialized, so that a payload of hundreds of samples is unpacked once and not once a column.
source as materialized (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        utc_offset,
        event_type = 'garmin.stress' as is_full,
        data -> 'avgStressLevel' as average,
        data -> 'values' -> 'overallStressLevel' as average_of_range,
        -- -1 and -2 are no measurement: about a third of the samples. The filters pass numbers only.
        jsonb_path_query_array(data, '$.stressValuesArray[*][1] ? (@ >= 0 && @ <= 1000)') as stress_levels,
        -- [instant, status, level, version] here, [instant, level] in summaries; the level may be null.
        jsonb_path_query_array(data, '$.bodyBatteryValuesArray[*][2] ? (@ >= 0 && @ <= 1000)') as battery_levels,
        jsonb_path_query_array(data, '$.bodyBatteryValuesArray[*][1] ? (@ >= 0 && @ <= 1000)') as battery_pairs,
        -- What is left of series that were downsampled.
        data -> 'thinned' as kept,
        ingested_at
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type in ('garmin.stress', 'garmin.stress_summary')
),

renamed as (
    select
        source.event_id,
        source.user_id,
        source.day,
        source.utc_offset,
        source.is_full,
        coalesce(
            stress.mean_level,
            {{ json_number("source.kept -> 'stress' -> 'mean'") }},
            {{ json_measurement('source.average') }},
            {{ json_measurement('source.average_of_range') }}
        ) as stress_avg,
        coalesce(nullif(stress.samples, 0), {{ json_integer("source.kept -> 'stress' -> 'samples'") }}, 0)::integer as stress_samples,
        coalesce(battery.highest_level, {{ json_number("source.kept -> 'body_battery' -> 'highest'") }}) as body_battery_high,
        coalesce(battery.lowest_level, {{ json_number("source.kept -> 'body_battery' -> 'lowest'") }}) as body_battery_low,
        source.ingested_at
    from source
    cross join lateral (
        select count(*) as samples, avg(value::double precision) as mean_level
        from jsonb_array_elements_text(source.stress_levels)
    ) as stress
    cross join lateral (
        select max(value::double precision) as highest_level, min(value::double precision) as lowest_level
        from jsonb_array_elements_text(coalesce(nullif(source.battery_levels, '[]'::jsonb), source.battery_pairs))
    ) as battery
)

select *, num_nonnulls(stress_avg, body_battery_high) > 0 as has_data
from renamed
