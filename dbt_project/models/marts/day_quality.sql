-- What is to be known of a day before one rests on it: a row a flag. Nothing is taken away here; `is_excluded` says that the
-- analyses do not read this metric on this day, and `reason` says why in the words that they record. A reason holds no value.
{{ config(incremental_strategy='by_day') }}

{% set hours_needed = 8 %}

with

-- Physiological ranges of the registry of metrics.
ranges as (
    select * from {{ ref('metrics') }} where lowest_possible is not null
),

days as (
    select * from {{ changed_days(ref('days')) }}
),

nights as (
    select * from {{ changed_days(ref('nights')) }}
),

worn as (
    select * from {{ changed_days(ref('int_wearable_days__joined')) }}
),

-- outside what a body can have, or what is usual
valued as (
    select user_id, day, metric, value, as_of from {{ changed_days(ref('outcomes')) }} as outcomes
    union
    select user_id, day, exposure as metric, value, as_of from {{ changed_days(ref('exposures')) }} as exposures
    where exposure in (select metric from ranges)
    union all
    {{ unpivot_daily_metrics('days', ['min_hr_bpm', 'max_hr_bpm', 'distance_m', 'active_kcal']) }}
    union all
    {{ unpivot_daily_metrics('nights', ['respiration_brpm', 'spo2_pct']) }}
    union all
    {{ unpivot_daily_metrics(changed_days(ref('body_days')), [
        'body_fat_pct', 'body_water_pct', 'muscle_mass_kg', 'bone_mass_kg', 'systolic_mmhg', 'diastolic_mmhg',
    ]) }}
),

out_of_range as (
    select
        valued.user_id,
        valued.day,
        valued.metric,
        not valued.value between ranges.lowest_possible and ranges.highest_possible as is_impossible,
        ranges.lowest_possible || ' to ' || ranges.highest_possible || ' ' || ranges.unit as possible,
        ranges.lowest_likely || ' to ' || ranges.highest_likely || ' ' || ranges.unit as likely,
        valued.as_of
    from valued
    inner join ranges on ranges.metric = valued.metric
    where not valued.value between ranges.lowest_likely and ranges.highest_likely
),

-- how long the watch was worn: a sample every two minutes, where the series is there
hearts as (
    select user_id, day, max(hr_samples) as samples, max(ingested_at) as as_of
    from {{ changed_days(ref('stg_garmin__heart_rates')) }} as heart_rates
    where day is not null and hr_samples > 0
    group by user_id, day
),

summaries as (
    {{ one_row_a_day(changed_days(ref('stg_garmin__daily_summaries')), first='is_full desc') }}
),

-- Fetched, or exported, while the day still ran: what counts up to midnight is not whole. Of a day with a summary that one
-- says it, whatever came later of other kinds.
unfinished as (
    select worn.user_id, worn.day, worn.as_of
    from worn
    left join summaries on summaries.user_id = worn.user_id and summaries.day = worn.day and summaries.has_data
    where coalesce(summaries.ingested_at, worn.as_of) < ((worn.day + 1)::timestamp - worn.utc_offset) at time zone 'UTC'
        or (not summaries.is_full and summaries.reported_until < worn.day + 1)
),

-- A night of which less than four fifths were measured is not whole.
measured as (
    select
        user_id,
        day,
        sleep_minutes + awake_minutes >= 0.8 * extract(epoch from sleep_end_at - sleep_start_at) / 60 as is_whole,
        as_of
    from nights
),

-- of several tellings of one day one is taken: by more than this apart, they cannot both be right
tellings as (
    select
        user_id, day, 'steps' as metric, count(*) filter (where is_full) as accounts,
        max(steps) - min(steps) > greatest(1000, 0.1 * max(steps)) as is_apart, max(ingested_at) as as_of
    from {{ changed_days(ref('stg_garmin__daily_summaries')) }} as summaries
    where has_data and day is not null
    group by user_id, day
    having count(*) > 1
    union all
    select
        user_id, day, 'resting_hr_bpm' as metric, count(*) filter (where is_full) as accounts,
        max(resting_hr_bpm) - min(resting_hr_bpm) > 5 as is_apart, max(ingested_at) as as_of
    from {{ changed_days(ref('stg_garmin__daily_summaries')) }} as summaries
    where has_data and day is not null
    group by user_id, day
    having count(*) > 1
    union all
    select
        user_id, day, 'sleep_minutes' as metric, count(*) filter (where is_full) as accounts,
        max(sleep_minutes) - min(sleep_minutes) > 30 as is_apart, max(ingested_at) as as_of
    from {{ changed_days(ref('stg_garmin__sleeps')) }} as sleeps
    where has_data and day is not null
    group by user_id, day
    having count(*) > 1
),

ledger as (
    select * from {{ changed_days(ref('int_coverage__by_day')) }}
),

flags as (
    select
        user_id, day, metric, 'impossible' as flag, 'error' as severity, true as is_excluded,
        'The value is outside what a body can have (' || possible || ').' as reason, as_of
    from out_of_range
    where is_impossible
    union all
    select
        user_id, day, metric, 'unlikely', 'warning', false, 'The value is possible, but rare (usual are ' || likely || ').', as_of
    from out_of_range
    where not is_impossible
    union all
    select
        unfinished.user_id, unfinished.day, metric.name, 'unfinished', 'warning', true,
        'It was fetched before the day was over.', unfinished.as_of
    from unfinished
    cross join (values ('steps'), ('stress_avg'), ('body_battery_high'), ('training_load')) as metric (name)
    union all
    select
        hearts.user_id, hearts.day, metric.name, 'hardly worn', 'warning', true,
        'The watch was worn for less than {{ hours_needed }} hours.', hearts.as_of
    from hearts
    cross join (values ('steps'), ('resting_hr_bpm'), ('stress_avg'), ('body_battery_high')) as metric (name)
    left join measured on measured.user_id = hearts.user_id and measured.day = hearts.day
    where hearts.samples < 30 * {{ hours_needed }}
        -- The heart rests at night: who wears the watch then alone has the figure.
        and (metric.name <> 'resting_hr_bpm' or measured.is_whole is not true)
    union all
    select
        user_id, day, 'stress_avg', 'few samples', 'warning', true,
        'Stress was measured for less than two hours.', as_of
    from worn
    where stress_samples between 1 and 39
    union all
    select
        measured.user_id, measured.day, metric.name, 'partial night', 'warning', true,
        'Of the night less than four fifths were measured.', measured.as_of
    from measured
    cross join (values ('sleep_minutes'), ('deep_sleep_minutes'), ('sleep_score'), ('hrv_rmssd_ms')) as metric (name)
    where not measured.is_whole
    union all
    select
        user_id, day, metric, 'reports disagree', 'warning', false,
        case when accounts > 1 then 'Two watches report it differently; one of them is taken.'
            else 'It is reported twice, and differently; the fuller report is taken.' end, as_of
    from tellings
    where is_apart
    union all
    select
        user_id, day, metric, 'reported twice', 'note', false, 'Two accounts report it alike: it counts once.', as_of
    from tellings
    where accounts > 1 and is_apart is not true
    union all
    select
        user_id, day, 'day', 'another watch', 'warning', false, 'From this day on another watch is worn: levels may differ.', as_of
    from {{ changed_days(ref('int_device_changes__detected')) }} as changes
    union all
    select
        user_id, day, metric, 'shifted', 'warning', false,
        'The week lies ' || case when is_higher then 'higher' else 'lower' end
        || ' than the twelve weeks before: another way of life, another watch, or an error of measuring.', as_of
    from {{ changed_days(ref('int_level_shifts__detected')) }} as shifts
    union all
    select user_id, day, 'day', 'provisional', 'note', false, 'It may still change: the watch may sync later.', as_of
    from ledger
    where is_day_provisional or is_night_provisional
    union all
    select user_id, day, 'day', 'failed', 'warning', false, 'A part of it could not be fetched.', as_of
    from ledger
    where is_day_failed or is_night_failed
)

select user_id, day, metric, flag, severity, is_excluded, reason, max(as_of) as as_of
from flags
group by user_id, day, metric, flag, severity, is_excluded, reason
