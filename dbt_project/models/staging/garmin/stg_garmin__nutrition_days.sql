{{ config(meta={'event_types': ['garmin.nutrition']}) }}

with

source as (
    select
        *,
        case jsonb_typeof(data -> 'dailyNutritionContent')
            when 'object' then data -> 'dailyNutritionContent' else '{}'::jsonb
        end as content
    from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.nutrition'
),

-- Garmin sums up some nutrients of the day; what it does not is summed up over the meals.
renamed as (
    select
        event_id,
        user_id,
        coalesce({{ safe_date("data ->> 'mealDate'") }}, {{ garmin_day() }}) as day,
        {% for name, key in nutrients().items() -%}
        coalesce(
            {{ json_measurement("content -> '" ~ key ~ "'") }},
            (
                select sum({{ json_measurement("meal -> 'mealNutritionContent' -> '" ~ key ~ "'") }})
                from jsonb_array_elements({{ json_array("data -> 'mealDetails'") }}) as element (meal)
            )
        ) as {{ name }},
        {% endfor -%}
        {{ json_measurement("data -> 'dailyNutritionGoals' -> 'calories'") }} as energy_goal_kcal,
        ingested_at
    from source
)

select *, num_nonnulls({{ nutrients() | join(', ') }}) > 0 as has_data
from renamed
