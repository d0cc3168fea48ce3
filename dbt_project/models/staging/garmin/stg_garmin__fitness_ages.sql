with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.fitness_age'
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_positive("data -> 'fitnessAge'") }} as fitness_age_years,
        {{ json_positive("data -> 'chronologicalAge'") }} as chronological_age_years,
        ingested_at
    from source
)

select *, num_nonnulls(fitness_age_years) > 0 as has_data
from renamed
