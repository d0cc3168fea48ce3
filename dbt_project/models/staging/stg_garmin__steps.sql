with payloads as ({{ current_events(source('garmin', 'payloads'), ['garmin.steps']) }}),

renamed as (
    select
        user_id, day, utc_offset, ingested_at,
        {{ measured("data -> 'totalSteps'") }} as steps,
        {{ measured("data -> 'totalDistance'") }} as distance_m
    from payloads where day is not null
)

select distinct on (user_id, day) * from renamed
where steps is not null
order by user_id, day, ingested_at desc
