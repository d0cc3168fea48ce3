{{ config(incremental_strategy='by_person') }}

with

told as (
    select sets.*, numbers.activity_id as merged_id, numbers.preference
    from {{ changed_people(ref('stg_garmin__activity_sets')) }} as sets
    inner join {{ changed_people(ref('int_activity_numbers__resolved')) }} as numbers
        on numbers.user_id = sets.user_id and numbers.activity_number = sets.activity_id
),

-- Two recordings of one activity can each list its sets: the most trusted one's count.
chosen as (
    select distinct on (user_id, merged_id) user_id, merged_id, event_id
    from told
    order by user_id, merged_id, preference, event_id
)

select
    user_id,
    merged_id as activity_id,
    told.set_number,
    told.is_rest,
    told.started_at,
    told.duration_s,
    told.exercise_category,
    told.exercise,
    told.repetitions,
    told.weight_kg,
    told.ingested_at as as_of
from told
inner join chosen using (user_id, merged_id, event_id)
