{{ config(meta={'event_types': ['garmin.body_battery', 'garmin.body_battery_events']}) }}

with

-- Read twice, and yet not materialized: who asks for some events unpacks those alone.
source as not materialized (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.body_battery_events', 'garmin.body_battery')
),

-- Alone, with the curve beside it, or in a list of the day's body battery.
listed as (
    select
        event_id, user_id, metadata, occurred_at, utc_offset, ingested_at, data,
        case when jsonb_typeof(data -> 'event') = 'object' then data -> 'event' else data end as event
    from source
    where event_type = 'garmin.body_battery_events'
    union all
    select
        source.event_id, source.user_id, source.metadata, source.occurred_at, source.utc_offset, source.ingested_at,
        source.data, element.event
    from source
    cross join lateral jsonb_array_elements({{ json_array("source.data -> 'bodyBatteryActivityEvent'") }}) as element (event)
    where source.event_type = 'garmin.body_battery'
),

renamed as (
    select
        *,
        coalesce(
            {{ safe_timestamp("event ->> 'eventStartTimeGmt'") }}, {{ safe_timestamp("event ->> 'startTimestampGMT'") }}
        ) at time zone 'UTC' as started_at,
        coalesce({{ json_clock_offset("event -> 'timezoneOffset'", unit_s=0.001) }}, utc_offset) as event_offset
    from listed
)

select
    event_id,
    user_id,
    coalesce({{ local_day('started_at', 'event_offset') }}, {{ garmin_day() }}) as day,
    started_at,
    event_offset as utc_offset,
    coalesce({{ json_text("event -> 'eventType'") }}, {{ json_text("event -> 'activityType'") }}) as event_kind,
    coalesce({{ json_measurement("event -> 'durationInMilliseconds'") }} / 60000, {{ json_measurement("event -> 'duration'") }})
        as duration_minutes,
    {{ json_number("event -> 'bodyBatteryImpact'") }} as body_battery_change,
    {{ json_measurement("event -> 'moderateIntensityMinutes'") }} as moderate_minutes,
    {{ json_measurement("event -> 'vigorousIntensityMinutes'") }} as vigorous_minutes,
    ingested_at
from renamed
