with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.max_metrics'
),

renamed as (
    select
        event_id,
        user_id,
        coalesce(
            {{ safe_date("data -> 'generic' ->> 'calendarDate'") }}, {{ safe_date("data -> 'cycling' ->> 'calendarDate'") }},
            {{ garmin_day() }}
        ) as day,
        coalesce({{ json_positive("data -> 'generic' -> 'vo2MaxPreciseValue'") }}, {{ json_positive("data -> 'generic' -> 'vo2MaxValue'") }}) as vo2max_running,
        coalesce({{ json_positive("data -> 'cycling' -> 'vo2MaxPreciseValue'") }}, {{ json_positive("data -> 'cycling' -> 'vo2MaxValue'") }}) as vo2max_cycling,
        ingested_at
    from source
)

select *, num_nonnulls(vo2max_running, vo2max_cycling) > 0 as has_data
from renamed
