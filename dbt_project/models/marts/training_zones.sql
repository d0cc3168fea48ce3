-- The zones of each sport, and from when to when they were in force, as far as the account was looked at.

{{ config(incremental_strategy='by_person') }}

with

reported as (
    select *
    from {{ changed_people(ref('stg_garmin__heart_rate_zones')) }}
    where has_data
),

-- Looked at twice a day, or in an export beside the account: the day's last is that day's.
daily as (
    select distinct on (user_id, measured_by, zone_sport, seen_day) *
    from (select *, coalesce(sport, 'DEFAULT') as zone_sport from reported) as sported
    order by user_id, measured_by, zone_sport, seen_day, ingested_at desc, event_id
),

compared as (
    select
        *,
        row(training_method, zone_1_floor, zone_2_floor, zone_3_floor, zone_4_floor, zone_5_floor, zone_6_floor,
            zone_7_floor, max_hr_bpm, threshold)
        is distinct from lag(row(training_method, zone_1_floor, zone_2_floor, zone_3_floor, zone_4_floor, zone_5_floor,
            zone_6_floor, zone_7_floor, max_hr_bpm, threshold)) over seen as is_change
    from daily
    window seen as (partition by user_id, measured_by, zone_sport order by seen_day)
)

select
    user_id,
    measured_by,
    zone_sport as sport,
    seen_day as first_day,
    lead(seen_day) over (partition by user_id, measured_by, zone_sport order by seen_day) - 1 as last_day,
    training_method,
    zone_1_floor,
    zone_2_floor,
    zone_3_floor,
    zone_4_floor,
    zone_5_floor,
    zone_6_floor,
    zone_7_floor,
    max_hr_bpm,
    threshold,
    ingested_at as as_of
from compared
where is_change
