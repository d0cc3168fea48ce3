-- One row a person and day that a watch reported something about: each kind of payload gives one row a day, then the
-- kinds are joined. Where two kinds report the same figure, the order is written in the coalesce.

with

summaries as (
    {{ one_row_a_day(changed_days(ref('stg_garmin__daily_summaries')), first='is_full desc') }}
),

heart_rates as (
    {{ one_row_a_day(changed_days(ref('stg_garmin__heart_rates'))) }}
),

stress as (
    {{ one_row_a_day(changed_days(ref('stg_garmin__stress_days')), first='is_full desc') }}
),

steps as (
    {{ one_row_a_day(changed_days(ref('stg_garmin__steps'))) }}
),

-- Only of days of which none of the others has data: it comes first, before their zeros.
monitored as (
    select * from {{ changed_days(ref('int_fit_monitoring__by_day')) }}
),

joined as (
    select
        user_id,
        day,
        coalesce(summaries.utc_offset, heart_rates.utc_offset, stress.utc_offset, steps.utc_offset, monitored.utc_offset)
            as utc_offset,

        -- Steps only grow during a day: of the summary and the range, the one fetched last knows more.
        coalesce(monitored.steps is null and steps.steps is not null and steps.ingested_at > summaries.ingested_at, false)
            as range_is_newer,
        coalesce(monitored.steps, summaries.steps) as summary_steps,
        coalesce(monitored.distance_m, summaries.distance_m) as summary_distance_m,
        steps.steps as range_steps,
        case when monitored.steps is null then steps.distance_m end as range_distance_m,
        summaries.floors_ascended,
        coalesce(monitored.active_kcal, summaries.active_kcal) as active_kcal,

        coalesce(monitored.resting_hr_bpm, summaries.resting_hr_bpm, heart_rates.resting_hr_bpm) as resting_hr_bpm,
        coalesce(monitored.min_hr_bpm, heart_rates.min_hr_bpm, summaries.min_hr_bpm) as min_hr_bpm,
        coalesce(monitored.max_hr_bpm, heart_rates.max_hr_bpm, summaries.max_hr_bpm) as max_hr_bpm,

        -- Samples first: their mean over measured moments is ours to define; Garmin's average is a fallback.
        coalesce(monitored.stress_avg, stress.stress_avg, summaries.stress_avg) as stress_avg,
        coalesce(monitored.stress_samples, stress.stress_samples, 0) as stress_samples,
        coalesce(stress.body_battery_high, summaries.body_battery_high) as body_battery_high,
        coalesce(stress.body_battery_low, summaries.body_battery_low) as body_battery_low,

        greatest(summaries.ingested_at, heart_rates.ingested_at, stress.ingested_at, steps.ingested_at,
            monitored.ingested_at) as as_of
    from summaries
    full join heart_rates using (user_id, day)
    full join stress using (user_id, day)
    full join steps using (user_id, day)
    full join monitored using (user_id, day)
    where coalesce(summaries.has_data, false)
        or coalesce(heart_rates.has_data, false)
        or coalesce(stress.has_data, false)
        or coalesce(steps.has_data, false)
        or monitored.user_id is not null
)

select
    user_id,
    day,
    utc_offset,
    case when range_is_newer then range_steps else coalesce(summary_steps, range_steps) end as steps,
    case
        when range_is_newer or summary_steps is null then coalesce(range_distance_m, summary_distance_m)
        else coalesce(summary_distance_m, range_distance_m)
    end as distance_m,
    floors_ascended,
    active_kcal,
    resting_hr_bpm,
    min_hr_bpm,
    max_hr_bpm,
    stress_avg,
    stress_samples,
    body_battery_high,
    body_battery_low,
    coalesce(range_steps > 0 or summary_steps > 0, false)
        or num_nonnulls(resting_hr_bpm, max_hr_bpm, stress_avg, body_battery_high) > 0 as is_worn,
    as_of
from joined
