{{ config(incremental_strategy='by_person') }}

-- Strength training as a whole, one row an activity with sets; pauses are no sets.

select
    sets.user_id,
    sets.activity_id,
    activities.day,
    activities.started_at,
    count(*) filter (where not sets.is_rest)::integer as sets,
    sum(sets.repetitions order by sets.set_number) filter (where not sets.is_rest) as repetitions,
    -- Bodyweight exercises report no weight: their sets are no part of the volume.
    sum(sets.repetitions * sets.weight_kg order by sets.set_number) filter (where not sets.is_rest) as volume_kg,
    count(*) filter (where not sets.is_rest and sets.repetitions is not null and sets.weight_kg is not null)::integer
        as weighted_sets,
    max(sets.weight_kg) filter (where not sets.is_rest) as heaviest_kg,
    sum(sets.duration_s order by sets.set_number) filter (where not sets.is_rest) as working_s,
    sum(sets.duration_s order by sets.set_number) filter (where sets.is_rest) as resting_s,
    count(distinct sets.exercise_category) filter (where not sets.is_rest)::integer as exercise_categories,
    greatest(max(sets.as_of), max(activities.as_of)) as as_of
from {{ changed_people(ref('activity_sets')) }} as sets
inner join {{ changed_people(ref('activities')) }} as activities
    on activities.user_id = sets.user_id and activities.activity_id = sets.activity_id
group by sets.user_id, sets.activity_id, activities.day, activities.started_at
having count(*) filter (where not sets.is_rest) > 0
