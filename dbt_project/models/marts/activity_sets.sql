{{ config(incremental_strategy='by_person') }}

with

reported as (
    select sets.*, numbers.activity_id as merged_id, numbers.preference
    from {{ changed_people(ref('stg_garmin__activity_sets')) }} as sets
    inner join {{ changed_people(ref('int_activity_numbers__resolved')) }} as numbers
        on numbers.user_id = sets.user_id and numbers.activity_number = sets.activity_id
),

-- Two recordings of one activity can each list its sets: the most trusted one's count.
chosen as (
    select distinct on (user_id, merged_id) user_id, merged_id, event_id
    from reported
    order by user_id, merged_id, preference, event_id
)

select
    user_id,
    merged_id as activity_id,
    reported.set_number,
    reported.is_rest,
    reported.started_at,
    reported.duration_s,
    reported.exercise_category,
    reported.exercise,
    reported.repetitions,
    reported.weight_kg,
    reported.ingested_at as as_of
from reported
inner join chosen using (user_id, merged_id, event_id)
