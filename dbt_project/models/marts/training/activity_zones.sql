{{ config(incremental_strategy='by_day', meta={'event_types': ['fit.activity', 'garmin.activity_samples', 'track.activity']}) }}

-- Seconds in each zone, zone 0 being what lies below the first.

with

efforts as (
    select * from {{ changed_days(ref('int_activity_thresholds')) }}
),

measured as (
    select
        efforts.user_id, efforts.activity_id, efforts.day, 'heart rate' as measured_by, efforts.hr_zones_origin as zones_origin,
        recorded.hr_histogram_s as histogram_s, 25 as lowest, array[0::double precision] || efforts.hr_zone_floors as floors,
        efforts.as_of
    from efforts
    inner join {{ source('training', 'recordings') }} as recorded
        on recorded.recording_id = efforts.hr_recording_id
        and recorded.session_number = efforts.hr_session_number
    where efforts.hr_zone_floors is not null
    union all
    select
        efforts.user_id, efforts.activity_id, efforts.day, 'power' as measured_by, efforts.power_zones_origin as zones_origin,
        recorded.power_histogram_s as histogram_s, 0 as lowest, array[0::double precision] || efforts.power_zone_floors as floors,
        efforts.as_of
    from efforts
    inner join {{ source('training', 'recordings') }} as recorded
        on recorded.recording_id = efforts.power_recording_id
        and recorded.session_number = efforts.power_session_number
    where efforts.power_zone_floors is not null
)

select
    measured.user_id,
    measured.activity_id,
    measured.day,
    measured.measured_by,
    (zone.place - 1)::integer as zone,
    zone.floor,
    measured.floors[zone.place + 1] as ceiling,
    -- Element 1 of a histogram is its lowest whole number.
    coalesce((
        select sum(bucket)
        from unnest(measured.histogram_s[
            greatest(1, ceil(zone.floor)::integer - measured.lowest + 1)
            : coalesce(ceil(measured.floors[zone.place + 1])::integer - measured.lowest, cardinality(measured.histogram_s))
        ]) as bucket
    ), 0)::integer as seconds,
    measured.zones_origin,
    measured.as_of
from measured
cross join lateral unnest(measured.floors) with ordinality as zone (floor, place)
-- Where the first zone begins at 0 nothing lies below it.
where zone.floor < measured.floors[zone.place + 1] or zone.place = cardinality(measured.floors)
