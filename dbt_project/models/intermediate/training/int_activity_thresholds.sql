{{ config(incremental_strategy='by_person') }}

-- One row an activity with the thresholds it is held against: of those in force on its day what the person states
-- before what others state and that before an estimate, then one of its sport before one of all sports; before the first that is known, that one. Men's coefficients are
-- used where the sex is not known.

{% set kinds = ['ftp_w', 'threshold_hr_bpm', 'max_hr_bpm', 'resting_hr_bpm'] %}

with

profiles as (
    select distinct on (user_id) user_id, coefficients, ingested_at
    from {{ changed_people(ref('stg_garmin__profiles')) }}
    where coefficients is not null
    order by user_id, ingested_at desc, event_id
),

zones as (
    select
        user_id,
        measured_by,
        case sport when 'DEFAULT' then 'all' else {{ threshold_sport('sport') }} end as sport,
        sport as zone_sport,
        first_day,
        last_day,
        array_remove(array[
            zone_1_floor, zone_2_floor, zone_3_floor, zone_4_floor, zone_5_floor, zone_6_floor, zone_7_floor
        ], null) as floors,
        as_of
    from {{ changed_people(ref('training_zones')) }}
)

select
    efforts.user_id,
    efforts.activity_id,
    efforts.day,
    efforts.sport,
    efforts.threshold_sport,
    efforts.duration_s,
    efforts.reported_avg_hr_bpm,
    efforts.reported_normalized_power_w,
    efforts.rpe,
    efforts.power_recording_id,
    efforts.power_session_number,
    efforts.power_seconds,
    efforts.avg_power_w,
    efforts.normalized_power_w,
    efforts.work_kj,
    efforts.efficiency_w_per_bpm,
    efforts.power_decoupling_pct,
    efforts.hr_recording_id,
    efforts.hr_session_number,
    efforts.hr_seconds,
    efforts.avg_hr_bpm,
    efforts.speed_recording_id,
    efforts.speed_session_number,
    efforts.efficiency_m_per_beat,
    efforts.speed_decoupling_pct,
    efforts.computed_from,
    coalesce(profiles.coefficients, 'men') as trimp_coefficients,
    case when profiles.coefficients is null then 'assumed' else 'given' end as trimp_coefficients_origin,
    {% for kind in kinds -%}
    {{ kind }}.value as {{ kind }},
    {{ kind }}.origin as {{ kind }}_origin,
    {% endfor -%}
    -- Where nobody reported zones: of heart rate Edwards' shares of the highest, of power Coggan's of the threshold.
    coalesce(hr_zones.floors, case when max_hr_bpm.value is not null then array[
        {% for share in [0.5, 0.6, 0.7, 0.8, 0.9] %}round(({{ share }} * max_hr_bpm.value)::numeric, 3){{ ', ' if not loop.last }}{% endfor %}
    ] end)::double precision[] as hr_zone_floors,
    case when hr_zones.floors is not null then 'given' when max_hr_bpm.value is not null then 'of max_hr_bpm' end
        as hr_zones_origin,
    coalesce(power_zones.floors, case when ftp_w.value is not null then array[
        {% for share in [0, 0.55, 0.75, 0.9, 1.05, 1.2, 1.5] %}round(({{ share }} * ftp_w.value)::numeric, 3){{ ', ' if not loop.last }}{% endfor %}
    ] end)::double precision[] as power_zone_floors,
    case when power_zones.floors is not null then 'given' when ftp_w.value is not null then 'of ftp_w' end
        as power_zones_origin,
    greatest(
        efforts.as_of, profiles.ingested_at, hr_zones.as_of, power_zones.as_of,
        {% for kind in kinds %}{{ kind }}.as_of{{ ', ' if not loop.last }}{% endfor %}
    ) as as_of
from {{ changed_people(ref('int_activity_efforts')) }} as efforts
left join profiles on profiles.user_id = efforts.user_id
{% for kind in kinds -%}
left join lateral (
    select found.value, found.origin, found.as_of
    from (values (efforts.threshold_sport), ('all')) as asked (sport)
    -- By the primary key the last before and the first after: who has a hundred thresholds waits no longer.
    cross join lateral (
        (
            select * from {{ ref('thresholds') }}
            where user_id = efforts.user_id and sport = asked.sport and kind = '{{ kind }}' and first_day <= efforts.day
            order by first_day desc
            limit 1
        )
        union all
        (
            select * from {{ ref('thresholds') }}
            where user_id = efforts.user_id and sport = asked.sport and kind = '{{ kind }}' and first_day > efforts.day
            order by first_day
            limit 1
        )
    ) as found
    order by
        found.first_day > efforts.day,
        found.origin = 'estimated',
        found.first_day <= efforts.day and found.method = {{ word_of_the_person() }} desc,
        found.sport = 'all',
        found.first_day
    limit 1
) as {{ kind }} on true
{% endfor -%}
{% for measured_by, name in {'heart rate': 'hr_zones', 'power': 'power_zones'}.items() -%}
left join lateral (
    select zones.floors, zones.as_of
    from zones
    where zones.user_id = efforts.user_id
        and zones.measured_by = '{{ measured_by }}'
        and zones.sport in (efforts.threshold_sport, 'all')
        and (zones.last_day is null or zones.last_day >= efforts.day)
    order by zones.first_day > efforts.day, zones.sport = 'all', zones.first_day, zones.zone_sport
    limit 1
) as {{ name }} on true
{% endfor %}
