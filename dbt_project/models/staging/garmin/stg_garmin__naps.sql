{{ config(meta={'event_types': ['garmin.sleep']}) }}

with

source as (
    select
        *,
        case when jsonb_typeof(data -> 'dailySleepDTO') = 'object' then data -> 'dailySleepDTO' else data end as night
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.sleep'
),

-- Garmin lists them beside the night or within it, by the version of its service.
listed as (
    select
        source.event_id,
        source.user_id,
        source.metadata,
        source.ingested_at,
        source.night,
        source.utc_offset,
        element.nap
    from source
    cross join lateral jsonb_array_elements({{ json_array("coalesce(nullif(source.data -> 'dailyNapDTOS', 'null'), source.night -> 'dailyNapDTOS')") }})
        as element (nap)
),

renamed as (
    select
        *,
        coalesce(
            {{ json_epoch_ms("nap -> 'napStartTimestampGMT'") }},
            {{ safe_timestamp("nap ->> 'napStartTimestampGMT'") }} at time zone 'UTC'
        ) as nap_start_at,
        coalesce(
            {{ json_epoch_ms("nap -> 'napEndTimestampGMT'") }},
            {{ safe_timestamp("nap ->> 'napEndTimestampGMT'") }} at time zone 'UTC'
        ) as nap_end_at,
        -- In minutes; where a nap reports no clock, the night's waking reported it.
        coalesce(
            {{ json_clock_offset("nap -> 'napStartTimeOffset'", unit_s=60) }},
            {{ json_epoch_ms("night -> 'sleepEndTimestampLocal'") }} - {{ json_epoch_ms("night -> 'sleepEndTimestampGMT'") }},
            utc_offset
        ) as nap_offset
    from listed
)

select
    event_id,
    user_id,
    coalesce(
        {{ safe_date("nap ->> 'calendarDate'") }}, {{ local_day('nap_start_at', 'nap_offset') }}, {{ garmin_day('night') }}
    ) as day,
    nap_start_at,
    nap_end_at,
    nap_offset as utc_offset,
    coalesce(
        {{ json_measurement("nap -> 'napTimeSec'") }}, extract(epoch from nap_end_at - nap_start_at)::double precision
    ) / 60 as nap_minutes,
    {{ json_text("nap -> 'napFeedback'") }} as feedback,
    ingested_at
from renamed
where nap_start_at is not null
