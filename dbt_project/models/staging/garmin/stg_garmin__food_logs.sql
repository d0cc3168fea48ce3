{{ config(meta={'event_types': ['garmin.nutrition']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.nutrition'
),

foods as (
    select
        source.event_id,
        source.user_id,
        coalesce({{ safe_date("source.data ->> 'mealDate'") }}, {{ garmin_day('source.data') }}) as day,
        meal.ordinal::integer as meal_number,
        {{ json_text("meal.detail -> 'meal' -> 'mealName'") }} as meal,
        food.ordinal::integer as food_number,
        food.logged,
        food.logged -> 'nutritionContent' as content,
        {{ json_measurement("food.logged -> 'servingQty'") }} as servings,
        source.ingested_at
    from source
    cross join lateral jsonb_array_elements({{ json_array("source.data -> 'mealDetails'") }}) with ordinality
        as meal (detail, ordinal)
    cross join lateral jsonb_array_elements({{ json_array("meal.detail -> 'loggedFoods'") }}) with ordinality
        as food (logged, ordinal)
)

select
    event_id,
    user_id,
    day,
    meal_number,
    meal,
    food_number,
    {{ safe_timestamp("logged ->> 'logTimestamp'") }} at time zone 'UTC' as logged_at,
    {{ json_text("logged -> 'foodMetaData' -> 'foodName'") }} as food,
    servings,
    -- The content is that of one serving.
    {% for name, key in nutrients().items() -%}
    servings * {{ json_measurement("content -> '" ~ key ~ "'") }} as {{ name }},
    {% endfor -%}
    ingested_at
from foods
