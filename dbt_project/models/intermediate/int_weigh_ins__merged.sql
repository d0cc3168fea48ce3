-- One row a weighing: the same one comes from the account, from its export and in the scale's own file.

{{ config(incremental_strategy='by_person') }}

with

reported as (
    select
        user_id, event_id, case when is_exported then 2 else 1 end as priority,
        case when is_exported then 'account export' else 'account' end as reported_by,
        weighed_at, utc_offset, day, weight_kg, bmi_kg_m2, body_fat_pct, body_water_pct, muscle_mass_kg, bone_mass_kg,
        visceral_fat_rating, metabolic_age_years, ingested_at
    from {{ changed_people(ref('stg_garmin__weigh_ins')) }}
    where has_data
    union all
    -- A scale that knows several people does not say which of them this person is.
    select
        user_id, event_id, 3 as priority, 'FIT file' as reported_by, weighed_at, utc_offset, day, weight_kg,
        null as bmi_kg_m2, body_fat_pct, body_water_pct, muscle_mass_kg, bone_mass_kg, visceral_fat_rating,
        null as metabolic_age_years, ingested_at
    from {{ changed_people(ref('stg_fit__weights')) }}
    where weight_kg is not null and scale_users = 1
    union all
    select
        user_id, event_id, 4 as priority, 'log' as reported_by, occurred_at as weighed_at, utc_offset, day, weight_kg,
        null as bmi_kg_m2, null as body_fat_pct, null as body_water_pct, null as muscle_mass_kg, null as bone_mass_kg,
        null as visceral_fat_rating, null as metabolic_age_years, ingested_at
    from {{ changed_people(ref('stg_logs__weights')) }}
    where weight_kg is not null
),

-- Within a minute of each other.
touching as (
    select
        *,
        coalesce(weighed_at > lag(weighed_at) over weighed + interval '60 seconds', true) as begins_group
    from reported
    window weighed as (partition by user_id order by weighed_at, priority, event_id)
),

grouped as (
    select
        *,
        count(*) filter (where begins_group) over (partition by user_id order by weighed_at, priority, event_id) as place
    from touching
)

select
    user_id, event_id, reported_by, weighed_at, utc_offset, day, weight_kg, bmi_kg_m2, body_fat_pct, body_water_pct,
    muscle_mass_kg, bone_mass_kg, visceral_fat_rating, metabolic_age_years, ingested_at
from grouped
where not exists (
    select from grouped as better
    where better.user_id = grouped.user_id
        and better.place = grouped.place
        -- Each teller reports a weighing once: two of one teller are two, but for those of one instant.
        and (better.priority < grouped.priority
            or (better.priority, better.weighed_at) = (grouped.priority, grouped.weighed_at)
            and better.event_id < grouped.event_id)
        and better.weighed_at between grouped.weighed_at - interval '60 seconds'
            and grouped.weighed_at + interval '60 seconds'
        -- Two people on one account can step on it one after the other.
        and abs(better.weight_kg - grouped.weight_kg) < 0.06
)
