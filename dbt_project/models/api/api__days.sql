{{ config(alias='days') }}
select user_id, day, utc_offset, steps, distance_m, floors_ascended, active_kcal, resting_hr_bpm, min_hr_bpm, max_hr_bpm,
       stress_avg, body_battery_high, body_battery_low, weight_kg, mood, caffeine_mg, caffeine_after_15_mg, alcohol_g,
       training_load, activity_count, activity_minutes, as_of
from {{ ref('days') }}
