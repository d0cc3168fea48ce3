with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.weigh_in'
),

renamed as (
    select
        event_id,
        user_id,
        coalesce({{ json_epoch_ms("data -> 'timestampGMT'") }}, occurred_at) as weighed_at,
        -- `date` is the wall clock written as if it were UTC.
        coalesce(
            {{ json_epoch_ms("data -> 'date'") }} - {{ json_epoch_ms("data -> 'timestampGMT'") }},
            utc_offset
        ) as utc_offset,
        {{ garmin_day() }} as calendar_day,
        -- grams, as a float: 59719.999999999996
        round(({{ json_positive("data -> 'weight'") }} / 1000)::numeric, 3)::double precision as weight_kg,
        {{ json_positive("data -> 'bodyFat'") }} as body_fat_pct,
        ingested_at
    from source
)

select
    event_id,
    user_id,
    weighed_at,
    utc_offset,
    coalesce(calendar_day, {{ local_day('weighed_at', 'utc_offset') }}) as day,
    weight_kg,
    body_fat_pct,
    ingested_at,
    weight_kg is not null as has_data
from renamed
