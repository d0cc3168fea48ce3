{{ config(meta={'event_types': ['garmin.lactate_threshold']}) }}

-- One row a version: the account reports the latest threshold alone, so that older versions are its history.

with

source as (
    select
        *,
        data -> 'speed_and_heart_rate' as reported,
        data -> 'power' as power
    from {{ ref('base_garmin__versions') }}
    where event_type = 'garmin.lactate_threshold'
),

renamed as (
    select
        event_id,
        user_id,
        -- Reported on the person's clock.
        coalesce({{ safe_date("reported ->> 'calendarDate'") }}, {{ safe_date("power ->> 'calendarDate'") }}) as measured_day,
        {{ safe_date("power ->> 'calendarDate'") }} as power_measured_day,
        {{ json_positive("reported -> 'heartRate'") }} as running_threshold_hr_bpm,
        {{ json_positive("reported -> 'heartRateCycling'") }} as cycling_threshold_hr_bpm,
        -- Garmin reports a tenth of it.
        {{ json_positive("reported -> 'speed'") }} * 10 as running_threshold_speed_mps,
        {{ json_positive("power -> 'functionalThresholdPower'") }} as running_threshold_power_w,
        seen_day,
        ingested_at
    from source
)

select
    event_id,
    user_id,
    coalesce(measured_day, seen_day) as day,
    coalesce(power_measured_day, measured_day, seen_day) as power_day,
    running_threshold_hr_bpm,
    cycling_threshold_hr_bpm,
    running_threshold_speed_mps,
    running_threshold_power_w,
    ingested_at,
    num_nonnulls(
        running_threshold_hr_bpm, cycling_threshold_hr_bpm, running_threshold_speed_mps, running_threshold_power_w
    ) > 0 as has_data
from renamed
