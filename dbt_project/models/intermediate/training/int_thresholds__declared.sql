{{ config(incremental_strategy='by_person') }}

-- Thresholds that somebody states, one row a person, sport, kind and day on which it was stated.

with

reported as (
    select user_id, day, {{ threshold_sport("coalesce(sport, 'cycling')") }} as sport, 'ftp_w' as kind, ftp_w as value,
        'Garmin: functional threshold power' as method, 3 as priority, ingested_at
    from {{ changed_people(ref('stg_garmin__cycling_ftp')) }}
    union all
    select user_id, power_day, 'running', 'ftp_w', running_threshold_power_w, 'Garmin: threshold power of running', 3, ingested_at
    from {{ changed_people(ref('stg_garmin__lactate_thresholds')) }}
    union all
    select user_id, day, 'running', 'threshold_hr_bpm', running_threshold_hr_bpm, 'Garmin: lactate threshold', 3, ingested_at
    from {{ changed_people(ref('stg_garmin__lactate_thresholds')) }}
    union all
    select user_id, day, 'cycling', 'threshold_hr_bpm', cycling_threshold_hr_bpm, 'Garmin: lactate threshold', 3, ingested_at
    from {{ changed_people(ref('stg_garmin__lactate_thresholds')) }}
    union all
    select user_id, first_day, case sport when 'DEFAULT' then 'all' else {{ threshold_sport('sport') }} end,
        case measured_by when 'power' then 'ftp_w' else 'threshold_hr_bpm' end, threshold,
        'Garmin: threshold of the ' || measured_by || ' zones', 4, as_of
    from {{ changed_people(ref('training_zones')) }}
    union all
    select user_id, first_day, case sport when 'DEFAULT' then 'all' else {{ threshold_sport('sport') }} end, 'max_hr_bpm',
        max_hr_bpm, 'Garmin: highest heart rate of the heart rate zones', 4, as_of
    from {{ changed_people(ref('training_zones')) }}
    where measured_by = 'heart rate'
    union all
    select user_id, day, threshold_sport, 'ftp_w', device_ftp_w, 'the device''s own setting during the activity', 2, as_of
    from {{ changed_people(ref('int_activity_efforts')) }}
    union all
    -- A person's word goes before all others. For one sport it is "running_ftp_w"; "ftp_w" alone is that of cycling.
    select
        user_id,
        day,
        coalesce(substring(measure from '^(running|cycling|swimming|rowing|walking|skiing)_'),
            case measure when 'ftp_w' then 'cycling' else 'all' end),
        substring(measure from '(ftp_w|threshold_hr_bpm|max_hr_bpm|resting_hr_bpm)$'),
        value,
        {{ word_of_the_person() }},
        1,
        ingested_at
    from {{ changed_people(ref('stg_logs__measures')) }}
    where measure ~ '^((running|cycling|swimming|rowing|walking|skiing)_)?(ftp_w|threshold_hr_bpm|max_hr_bpm|resting_hr_bpm)$'
)

select distinct on (user_id, sport, kind, day) user_id, sport, kind, day, value, method, ingested_at as as_of
from reported
where {{ is_threshold('kind', 'value') }} and day is not null
order by user_id, sport, kind, day, priority, ingested_at desc, value
