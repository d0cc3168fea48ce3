{{ config(meta={'event_types': ['garmin.health_status', 'garmin.hrv', 'garmin.hrv_summary']}) }}

with

source as (
    select
        *,
        event_type = 'garmin.hrv' as is_full,
        event_type = 'garmin.health_status' as is_exported,
        case when jsonb_typeof(data -> 'hrvSummary') = 'object' then data -> 'hrvSummary' else data end as summary
    from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type in ('garmin.hrv', 'garmin.hrv_summary', 'garmin.health_status')
),

renamed as (
    select
        event_id,
        user_id,
        {{ garmin_day('summary') }} as day,
        is_full,
        is_exported,
        coalesce(
            {{ json_positive("summary -> 'lastNightAvg'") }},
            {{ json_positive("jsonb_path_query_first(data, '$.metrics[*] ? (@.type == \"HRV\").value')") }}
        ) as hrv_rmssd_ms,
        {{ json_positive("summary -> 'lastNight5MinHigh'") }} as hrv_5min_high_ms,
        {{ json_positive("summary -> 'weeklyAvg'") }} as hrv_weekly_ms,
        {{ json_text("summary -> 'status'") }} as hrv_status,
        ingested_at
    from source
)

select *, hrv_rmssd_ms is not null as has_data
from renamed
