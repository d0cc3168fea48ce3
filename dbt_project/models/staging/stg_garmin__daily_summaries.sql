with payloads as ({{ current_events(source('garmin', 'payloads'), ['garmin.daily_summary']) }}),

renamed as (
    select
        user_id, day, utc_offset, ingested_at,
        {{ measured("data -> 'totalSteps'") }} as steps,
        {{ measured("data -> 'totalDistanceMeters'") }} as distance_m,
        {{ measured("data -> 'floorsAscended'") }} as floors_ascended,
        {{ measured("data -> 'activeKilocalories'") }} as active_kcal,
        nullif({{ measured("data -> 'restingHeartRate'") }}, 0) as resting_hr_bpm,
        nullif({{ measured("data -> 'minHeartRate'") }}, 0) as min_hr_bpm,
        nullif({{ measured("data -> 'maxHeartRate'") }}, 0) as max_hr_bpm,
        {{ measured("data -> 'averageStressLevel'") }} as stress_avg,
        {{ measured("data -> 'bodyBatteryHighestValue'") }} as body_battery_high,
        {{ measured("data -> 'bodyBatteryLowestValue'") }} as body_battery_low
    from payloads where day is not null
)

-- Several Garmin accounts may give the same day: data wins over an object full of nulls, then the newest.
select distinct on (user_id, day) * from renamed
where coalesce(steps, distance_m, resting_hr_bpm, min_hr_bpm, stress_avg, body_battery_high) is not null
order by user_id, day, (steps is null)::int + (resting_hr_bpm is null)::int, ingested_at desc
