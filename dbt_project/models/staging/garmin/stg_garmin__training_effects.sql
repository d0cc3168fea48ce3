{{ config(meta={'event_types': ['garmin.fitness_stats']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.fitness_stats'
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_label("data -> 'activityId'") }} as activity_id,
        {{ safe_date("data ->> 'startLocal'") }} as day,
        {{ json_text("data -> 'activityType'") }} as sport,
        {{ json_measurement("data -> 'aerobicTrainingEffect'") }} as aerobic_training_effect,
        ingested_at
    from source
)

select *, num_nonnulls(aerobic_training_effect) > 0 as has_data
from renamed
