{{ config(meta={'event_types': ['garmin.activity_exercise_sets']}) }}

with

source as (
    select * from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.activity_exercise_sets'
),

exploded as (
    select
        source.event_id,
        source.user_id,
        {{ json_label("source.data -> 'activityId'") }} as activity_id,
        element.ordinal,
        element.effort,
        -- The watch guesses; the likeliest exercise stands first where it is sure, else anywhere.
        (
            select exercise
            from jsonb_array_elements({{ json_array("element.effort -> 'exercises'") }}) with ordinality
                as guess (exercise, place)
            order by {{ json_number("guess.exercise -> 'probability'") }} desc nulls last, guess.place
            limit 1
        ) as exercise,
        source.ingested_at
    from source
    cross join lateral jsonb_array_elements({{ json_array("source.data -> 'exerciseSets'") }}) with ordinality
        as element (effort, ordinal)
)

select
    event_id,
    user_id,
    activity_id,
    ordinal::integer as set_number,
    coalesce({{ json_text("effort -> 'setType'") }} = 'REST', false) as is_rest,
    {{ safe_timestamp("effort ->> 'startTime'") }} at time zone 'UTC' as started_at,
    {{ json_measurement("effort -> 'duration'") }} as duration_s,
    {{ json_text("exercise -> 'category'") }} as exercise_category,
    {{ json_text("exercise -> 'name'") }} as exercise,
    {{ json_measurement("effort -> 'repetitionCount'") }} as repetitions,
    -- grams; -1 where none was given
    {{ json_measurement("effort -> 'weight'") }} / 1000 as weight_kg,
    ingested_at
from exploded
