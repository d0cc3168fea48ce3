{{ config(indexes=[{'columns': ['user_id', 'day'], 'unique': true}]) }}

with weights as (
    select user_id, day, weight_kg, weighed_at as measured_at, ingested_at from {{ ref('stg_garmin__weigh_ins') }}
    union all
    select user_id, day, weight_kg, occurred_at, ingested_at from {{ ref('stg_logs__weights') }}
),

-- The first weight of a day is the comparable one: before breakfast.
weighed as (
    select distinct on (user_id, day) user_id, day, weight_kg, ingested_at
    from weights order by user_id, day, measured_at
),

moods as (
    select user_id, day, value as mood, ingested_at from {{ ref('int_measures__daily') }} where name = 'mood'
),

intakes as (
    select
        user_id, day, max(ingested_at) as ingested_at,
        max(value) filter (where exposure = 'caffeine_mg') as caffeine_mg,
        max(value) filter (where exposure = 'caffeine_after_15_mg') as caffeine_after_15_mg,
        max(value) filter (where exposure = 'alcohol_g') as alcohol_g
    from {{ ref('int_intakes__daily') }} group by user_id, day
),

spine as (
    select user_id, day from {{ ref('stg_garmin__daily_summaries') }}
    union select user_id, day from {{ ref('stg_garmin__heart_rates') }}
    union select user_id, day from {{ ref('stg_garmin__stress_days') }}
    union select user_id, day from {{ ref('stg_garmin__steps') }}
    union select user_id, day from {{ ref('stg_garmin__sleeps') }}
    union select user_id, day from {{ ref('int_activities__daily') }}
    union select user_id, day from weighed
    union select user_id, day from {{ ref('int_measures__daily') }}
    union select user_id, day from {{ ref('int_intakes__daily') }}
)

select
    user_id, day,
    coalesce(d.utc_offset, h.utc_offset, s.utc_offset) as utc_offset,
    coalesce(d.steps, p.steps) as steps,
    coalesce(d.distance_m, p.distance_m) as distance_m,
    d.floors_ascended, d.active_kcal,
    coalesce(d.resting_hr_bpm, h.resting_hr_bpm, n.resting_hr_bpm) as resting_hr_bpm,
    coalesce(d.min_hr_bpm, h.min_hr_bpm) as min_hr_bpm,
    coalesce(d.max_hr_bpm, h.max_hr_bpm) as max_hr_bpm,
    coalesce(s.stress_avg, d.stress_avg) as stress_avg,
    coalesce(d.body_battery_high, s.body_battery_high) as body_battery_high,
    coalesce(d.body_battery_low, s.body_battery_low) as body_battery_low,
    w.weight_kg, m.mood, i.caffeine_mg, i.caffeine_after_15_mg, i.alcohol_g,
    -- A day on which the watch was worn and nothing was recorded is a day of rest; another is unknown.
    coalesce(a.training_load, case when a.activity_count is null
                                    and coalesce(d.steps, p.steps, h.min_hr_bpm) is not null then 0 end) as training_load,
    coalesce(a.activity_count, 0) as activity_count,
    coalesce(a.activity_minutes, 0) as activity_minutes,
    greatest(d.ingested_at, h.ingested_at, s.ingested_at, p.ingested_at, n.ingested_at, a.ingested_at,
             w.ingested_at, m.ingested_at, i.ingested_at) as as_of
from spine
left join {{ ref('stg_garmin__daily_summaries') }} d using (user_id, day)
left join {{ ref('stg_garmin__heart_rates') }} h using (user_id, day)
left join {{ ref('stg_garmin__stress_days') }} s using (user_id, day)
left join {{ ref('stg_garmin__steps') }} p using (user_id, day)
left join {{ ref('stg_garmin__sleeps') }} n using (user_id, day)
left join {{ ref('int_activities__daily') }} a using (user_id, day)
left join weighed w using (user_id, day)
left join moods m using (user_id, day)
left join intakes i using (user_id, day)
