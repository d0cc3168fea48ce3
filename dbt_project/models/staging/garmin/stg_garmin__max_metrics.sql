{{ config(meta={'event_types': ['garmin.max_metrics', 'garmin.max_metrics_export']}) }}

with

source as (
    select
        *,
        -- The account's export reports one sport a row, each time that it was computed.
        case when event_type = 'garmin.max_metrics_export' then upper(data ->> 'sport') end as exported_sport
    from {{ ref('base_garmin__payloads') }}
    where event_type in ('garmin.max_metrics', 'garmin.max_metrics_export')
),

renamed as (
    select
        event_id,
        user_id,
        coalesce(
            {{ safe_date("data -> 'generic' ->> 'calendarDate'") }}, {{ safe_date("data -> 'cycling' ->> 'calendarDate'") }},
            {{ garmin_day() }}
        ) as day,
        {{ safe_timestamp("data ->> 'updateTimestamp'") }} at time zone 'UTC' as computed_at,
        coalesce(
            {{ json_positive("data -> 'generic' -> 'vo2MaxPreciseValue'") }},
            {{ json_positive("data -> 'generic' -> 'vo2MaxValue'") }},
            case when exported_sport <> 'CYCLING' then {{ json_positive("data -> 'vo2MaxValue'") }} end
        ) as vo2max_running,
        coalesce(
            {{ json_positive("data -> 'cycling' -> 'vo2MaxPreciseValue'") }},
            {{ json_positive("data -> 'cycling' -> 'vo2MaxValue'") }},
            case when exported_sport = 'CYCLING' then {{ json_positive("data -> 'vo2MaxValue'") }} end
        ) as vo2max_cycling,
        ingested_at
    from source
)

select *, num_nonnulls(vo2max_running, vo2max_cycling) > 0 as has_data
from renamed
