{{ config(incremental_strategy='by_person') }}

select
    user_id,
    event_id,
    reported_by,
    weighed_at,
    utc_offset,
    day,
    weight_kg,
    bmi_kg_m2,
    body_fat_pct,
    body_water_pct,
    muscle_mass_kg,
    bone_mass_kg,
    visceral_fat_rating,
    metabolic_age_years,
    ingested_at as as_of
from {{ changed_people(ref('int_weigh_ins__merged')) }}
