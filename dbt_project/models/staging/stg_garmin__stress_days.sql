with payloads as (
    {{ current_events(source('garmin', 'payloads'), ['garmin.stress', 'garmin.stress_summary']) }}
),

renamed as (
    select
        user_id, day, utc_offset, ingested_at, event_type,
        -- -1 and -2 are a third of the samples and mean "not measured".
        coalesce(
            (
                select avg({{ number("sample -> 1") }}) from {{ elements("data -> 'stressValuesArray'") }} sample
                where {{ number("sample -> 1") }} >= 0
            ),
            {{ measured("data -> 'avgStressLevel'") }},
            {{ measured("data -> 'values' -> 'overallStressLevel'") }}
        ) as stress_avg,
        (
            select max({{ number("sample -> 2") }})
            from {{ elements("data -> 'bodyBatteryValuesArray'") }} sample
        ) as body_battery_high,
        (
            select min({{ number("sample -> 2") }})
            from {{ elements("data -> 'bodyBatteryValuesArray'") }} sample
        ) as body_battery_low
    from payloads where day is not null
)

select distinct on (user_id, day) * from renamed
where coalesce(stress_avg, body_battery_high) is not null
order by user_id, day, event_type, ingested_at desc
