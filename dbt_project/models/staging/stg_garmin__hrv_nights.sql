with payloads as (
    {{ current_events(source('garmin', 'payloads'), ['garmin.hrv', 'garmin.hrv_summary']) }}
),

renamed as (
    select
        user_id, day, utc_offset, ingested_at, event_type,
        {{ measured("coalesce(data -> 'hrvSummary', data) -> 'lastNightAvg'") }} as hrv_rmssd_ms,
        {{ measured("coalesce(data -> 'hrvSummary', data) -> 'weeklyAvg'") }} as hrv_weekly_rmssd_ms
    from payloads where day is not null
)

-- The payload of one night holds its readings and wins over the element of a range.
select distinct on (user_id, day) * from renamed
where hrv_rmssd_ms is not null
order by user_id, day, event_type, ingested_at desc
