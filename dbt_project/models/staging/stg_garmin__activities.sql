with payloads as (
    {{ current_events(source('garmin', 'payloads'), ['garmin.activity', 'garmin.activity_detail']) }}
),

-- The list's element has its figures at the top, the single activity in summaryDTO.
shaped as (
    select
        user_id, ingested_at, event_type, occurred_at, utc_offset, data,
        case when jsonb_typeof(data -> 'summaryDTO') = 'object' then data -> 'summaryDTO' else data end as figures,
        coalesce(data -> 'activityType', data -> 'activityTypeDTO') ->> 'typeKey' as sport
    from payloads
),

renamed as (
    select
        user_id, data ->> 'activityId' as activity_id, sport, ingested_at, event_type,
        coalesce({{ instant_of_gmt("figures -> 'startTimeGMT'") }}, occurred_at) as started_at,
        coalesce(
            {{ offset_between("figures -> 'startTimeLocal'", "figures -> 'startTimeGMT'") }}, utc_offset
        ) as utc_offset,
        {{ measured("figures -> 'duration'") }} as duration_s,
        {{ measured("figures -> 'distance'") }} as distance_m,
        {{ measured("figures -> 'averageHR'") }} as avg_hr_bpm,
        {{ measured("figures -> 'maxHR'") }} as max_hr_bpm,
        coalesce({{ measured("figures -> 'avgPower'") }}, {{ measured("figures -> 'averagePower'") }}) as avg_power_w,
        coalesce(
            {{ measured("figures -> 'normPower'") }}, {{ measured("figures -> 'normalizedPower'") }}
        ) as normalized_power_w,
        {{ measured("figures -> 'calories'") }} as energy_kcal,
        {{ measured("figures -> 'elevationGain'") }} as elevation_gain_m,
        {{ measured("figures -> 'activityTrainingLoad'") }} as training_load
    from shaped
)

-- One id, one activity, whichever account or call gave it; the list's element first.
select distinct on (user_id, activity_id) * from renamed
where activity_id is not null and started_at is not null
order by user_id, activity_id, event_type, ingested_at desc
