{{ config(meta={'event_types': ['garmin.fitness_age', 'garmin.fitness_age_export']}) }}

-- One row a version: the account reports the latest fitness age alone, so that older versions are its history.

with

source as (
    select * from {{ ref('base_garmin__versions') }}
    where event_type in ('garmin.fitness_age', 'garmin.fitness_age_export')
),

renamed as (
    select
        event_id,
        user_id,
        event_type = 'garmin.fitness_age_export' as is_exported,
        coalesce(
            {{ safe_date("data ->> 'lastUpdated'") }}, ({{ safe_timestamp("data ->> 'asOfDateGmt'") }} at time zone 'UTC' at time zone timezone)::date,
            {{ safe_date("metadata ->> 'day'") }}, seen_day
        ) as day,
        coalesce(
            {{ json_positive("data -> 'fitnessAge'") }}, {{ json_positive("data -> 'currentBioAge'") }}
        ) as fitness_age_years,
        {{ json_positive("data -> 'achievableFitnessAge'") }} as achievable_fitness_age_years,
        {{ json_positive("data -> 'chronologicalAge'") }} as chronological_age_years,
        ingested_at
    from source
)

select *, num_nonnulls(fitness_age_years) > 0 as has_data
from renamed
