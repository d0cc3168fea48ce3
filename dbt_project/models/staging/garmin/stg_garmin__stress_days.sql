with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.stress', 'garmin.stress_summary')
),

sampled as (
    select
        source.*,
        stress.*,
        battery.*
    from source
    cross join lateral (
        -- -1 and -2 are no measurement: about a third of the samples.
        select
            count(sample.level) as stress_samples,
            avg(sample.level) as mean_stress
        from jsonb_array_elements({{ json_array("source.data -> 'stressValuesArray'") }}) as entry (pair)
        cross join lateral (select {{ json_measurement("entry.pair -> 1") }} as level) as sample
    ) as stress
    cross join lateral (
        -- [instant, status, level, version] here, [instant, level] in summaries; the level may be null.
        select
            max(sample.level) as highest_level,
            min(sample.level) as lowest_level
        from jsonb_array_elements({{ json_array("source.data -> 'bodyBatteryValuesArray'") }}) as entry (quadruple)
        cross join lateral (
            select
                case
                    when jsonb_array_length({{ json_array("entry.quadruple") }}) > 2
                    then {{ json_measurement("entry.quadruple -> 2") }}
                    else {{ json_measurement("entry.quadruple -> 1") }}
                end as level
        ) as sample
    ) as battery
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day() }} as day,
        utc_offset,
        event_type = 'garmin.stress' as is_full,
        coalesce(
            mean_stress,
            {{ json_measurement("data -> 'avgStressLevel'") }},
            {{ json_measurement("data -> 'values' -> 'overallStressLevel'") }}
        ) as stress_avg,
        stress_samples::integer as stress_samples,
        highest_level as body_battery_high,
        lowest_level as body_battery_low,
        ingested_at
    from sampled
)

select *, num_nonnulls(stress_avg, body_battery_high) > 0 as has_data
from renamed
