-- What a scale, a cuff and a watch report of the body on a day: means of the day's readings. Summed as decimals, for a sum of floats depends on the
-- order of its rows.
{{ config(incremental_strategy='by_day') }}

with

weighed as (
    select
        user_id,
        day,
        avg(weight_kg::numeric)::double precision as weight_kg,
        avg(body_fat_pct::numeric)::double precision as body_fat_pct,
        avg(body_water_pct::numeric)::double precision as body_water_pct,
        avg(muscle_mass_kg::numeric)::double precision as muscle_mass_kg,
        avg(bone_mass_kg::numeric)::double precision as bone_mass_kg,
        count(weight_kg)::integer as weigh_ins,
        max(ingested_at) as as_of
    from {{ changed_days(ref('int_weigh_ins__merged')) }} as weigh_ins
    group by user_id, day
),

pressed as (
    select
        user_id,
        day,
        avg(systolic_mmhg::numeric)::double precision as systolic_mmhg,
        avg(diastolic_mmhg::numeric)::double precision as diastolic_mmhg,
        avg(pulse_bpm::numeric)::double precision as pulse_bpm,
        count(*)::integer as blood_pressure_readings,
        max(as_of) as as_of
    from {{ changed_days(ref('blood_pressures')) }} as readings
    group by user_id, day
),

rested as (
    select user_id, day, resting_hr_bpm, as_of
    from {{ changed_days(ref('int_wearable_days__joined')) }} as worn
    where resting_hr_bpm is not null
)

select
    user_id,
    day,
    weighed.weight_kg,
    weighed.body_fat_pct,
    weighed.body_water_pct,
    weighed.muscle_mass_kg,
    weighed.bone_mass_kg,
    coalesce(weighed.weigh_ins, 0) as weigh_ins,
    pressed.systolic_mmhg,
    pressed.diastolic_mmhg,
    pressed.pulse_bpm,
    coalesce(pressed.blood_pressure_readings, 0) as blood_pressure_readings,
    rested.resting_hr_bpm,
    greatest(weighed.as_of, pressed.as_of, rested.as_of) as as_of
from weighed
full join pressed using (user_id, day)
full join rested using (user_id, day)
