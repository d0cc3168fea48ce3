with payloads as ({{ current_events(source('garmin', 'payloads'), ['garmin.sleep_score']) }}),

renamed as (
    select user_id, day, ingested_at, {{ measured("data -> 'value'") }} as sleep_score
    from payloads where day is not null
)

select distinct on (user_id, day) * from renamed
where sleep_score is not null
order by user_id, day, ingested_at desc
