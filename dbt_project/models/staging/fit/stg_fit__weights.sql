{{ config(meta={'event_types': ['fit.weight']}) }}

with

source as (
    select * from {{ changed_events(ref('base_fit__files')) }}
    where event_type = 'fit.weight'
)

select
    event_id,
    user_id,
    occurred_at as weighed_at,
    utc_offset,
    {{ local_day('occurred_at', 'utc_offset') }} as day,
    {{ json_integer("data -> 'scale_users'") }} as scale_users,
    {{ json_positive("data -> 'weight_kg'") }} as weight_kg,
    {{ json_positive("data -> 'body_fat_percent'") }} as body_fat_pct,
    {{ json_positive("data -> 'body_water_percent'") }} as body_water_pct,
    {{ json_positive("data -> 'muscle_mass_kg'") }} as muscle_mass_kg,
    {{ json_positive("data -> 'bone_mass_kg'") }} as bone_mass_kg,
    {{ json_positive("data -> 'visceral_fat_rating'") }} as visceral_fat_rating,
    ingested_at
from source
