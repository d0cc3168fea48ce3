{{ config(incremental_strategy='by_day', meta={'event_types': ['fit.activity', 'garmin.activity_samples', 'track.activity']}) }}

-- Every load that the figures of an activity allow, and of those the one that its day is summed from: power before heart
-- rate second by second before the mean heart rate alone.

-- So much of an activity must have been measured, or every load of it would be that of a part, and null.
{% set least_share = 0.8 %}

with

activities as (
    select
        efforts.*,
        recorded.hr_histogram_s,
        coalesce(efforts.normalized_power_w, case when efforts.reported_normalized_power_w between 1 and 2500 then efforts.reported_normalized_power_w end)
            as np_w,
        coalesce(efforts.power_seconds, case when efforts.reported_normalized_power_w between 1 and 2500 then efforts.duration_s end) as np_seconds,
        case
            when efforts.max_hr_bpm > efforts.resting_hr_bpm
            then {{ heart_rate_reserve('efforts.threshold_hr_bpm', 'efforts.resting_hr_bpm', 'efforts.max_hr_bpm') }}
        end as threshold_share,
        case
            when efforts.max_hr_bpm > efforts.resting_hr_bpm
            then {{ heart_rate_reserve('efforts.reported_avg_hr_bpm', 'efforts.resting_hr_bpm', 'efforts.max_hr_bpm') }}
        end as reported_share,
        {{ trimp_exponent('efforts.trimp_coefficients') }}::double precision as exponent,
        {{ trimp_factor('efforts.trimp_coefficients') }}::double precision as factor
    from {{ changed_days(ref('int_activity_thresholds')) }} as efforts
    left join {{ source('training', 'recordings') }} as recorded
        on recorded.recording_id = efforts.hr_recording_id
        and recorded.session_number = efforts.hr_session_number
),

beaten as (
    select
        activities.*,
        beats.weighted_minutes,
        beats.edwards_trimp
    from activities
    left join lateral (
        select
            sum(one.seconds * one.share * exp(activities.exponent * one.share) order by one.bpm) / 60 as weighted_minutes,
            sum(one.seconds * one.zone order by one.bpm) / 60.0::double precision as edwards_trimp
        from (
            select
                24 + bucket.ordinal as bpm,
                bucket.seconds,
                {{ heart_rate_reserve('(24 + bucket.ordinal)', 'activities.resting_hr_bpm', 'activities.max_hr_bpm') }} as share,
                width_bucket(
                    ((24 + bucket.ordinal) / activities.max_hr_bpm + 1e-12)::double precision,
                    array[0.5, 0.6, 0.7, 0.8, 0.9]::double precision[]
                ) as zone
            from unnest(activities.hr_histogram_s) with ordinality as bucket (seconds, ordinal)
            where bucket.seconds > 0
        ) as one
    ) as beats on activities.max_hr_bpm is not null
),

impulses as (
    select
        *,
        case when hr_seconds is not null then 'records' when reported_avg_hr_bpm is not null then 'summary' end as hr_reported_by,
        case
            when max_hr_bpm > resting_hr_bpm and hr_seconds is not null then weighted_minutes
            when max_hr_bpm > resting_hr_bpm then duration_s / 60 * reported_share * exp(exponent * reported_share)
        end as impulse,
        np_seconds * np_w * np_w / (ftp_w * ftp_w * 3600) * 100 as tss
    from beaten
),

loads as (
    select
        *,
        factor * impulse as trimp,
        100 * impulse / nullif(60 * threshold_share * exp(exponent * threshold_share), 0) as hrtss,
        coalesce(np_seconds >= {{ least_share }} * duration_s, np_seconds is not null) as is_powered,
        hr_reported_by = 'summary' or coalesce(hr_seconds >= {{ least_share }} * duration_s, hr_seconds is not null) as is_beaten
    from impulses
),

chosen as (
    select
        *,
        case
            when tss is not null and is_powered then 'power'
            when hrtss is not null and is_beaten and hr_reported_by = 'records' then 'heart rate'
            when hrtss is not null and is_beaten then 'mean heart rate'
        end as load_method
    from loads
)

select
    user_id,
    activity_id,
    day,
    sport,
    duration_s,
    case when load_method = 'power' then tss when load_method is not null then hrtss end as load,
    load_method,
    case
        when load_method is not null then null
        when np_w is null and hr_reported_by is null then 'neither power nor heart rate was measured'
        when hr_reported_by is null and ftp_w is null then 'power was measured, but no threshold power is known'
        when hr_reported_by is not null and (max_hr_bpm > resting_hr_bpm) is not true
            then 'heart rate was measured, but highest or resting heart rate is not known'
        when hr_reported_by is not null and threshold_hr_bpm is null
            then 'heart rate was measured, but no threshold heart rate is known'
        when hr_reported_by is not null and hrtss is null
            then 'heart rate was measured, but how long the activity took, or its threshold, makes no load'
        else 'less than {{ (100 * least_share) | int }} % of the time was measured'
    end as load_missing_reason,
    np_w as normalized_power_w,
    case when normalized_power_w is not null then 'records' when np_w is not null then 'summary' end as power_reported_by,
    np_seconds as power_seconds,
    avg_power_w,
    work_kj,
    np_w / ftp_w as intensity_factor,
    case when is_powered then tss end as tss,
    ftp_w,
    ftp_w_origin,
    coalesce(avg_hr_bpm, reported_avg_hr_bpm) as avg_hr_bpm,
    hr_reported_by,
    hr_seconds,
    case when is_beaten then trimp end as trimp,
    trimp_coefficients,
    trimp_coefficients_origin,
    case when is_beaten then edwards_trimp end as edwards_trimp,
    case when is_beaten then hrtss end as hrtss,
    threshold_hr_bpm,
    threshold_hr_bpm_origin,
    max_hr_bpm,
    max_hr_bpm_origin,
    resting_hr_bpm,
    resting_hr_bpm_origin,
    rpe,
    rpe * duration_s / 60 as session_rpe,
    efficiency_w_per_bpm,
    efficiency_m_per_beat,
    power_decoupling_pct,
    speed_decoupling_pct,
    as_of
from chosen
