{{ config(incremental_strategy='by_person') }}

-- Thresholds out of the data, one row a person, sport, kind and day from which it holds. Each looks back, never ahead.

with

efforts as (
    select * from {{ changed_people(ref('int_activity_efforts')) }}
),

by_sport as (
    select user_id, threshold_sport as sport, day, max(power_1200s_w) as power_w, max(as_of) as as_of
    from efforts
    group by user_id, threshold_sport, day
),

seasons as (
    select user_id, sport, day, max(power_w) over season as power_w, max(as_of) over season as as_of
    from by_sport
    window season as (
        partition by user_id, sport order by day range between interval '89 days' preceding and current row
    )
),

hearts as (
    select
        user_id,
        day,
        max(highest_bpm) over year as highest_bpm,
        max(hr_1200s_bpm) over season as hr_1200s_bpm,
        sum(hearts) over year as hearts,
        max(as_of) over year as as_of
    from (
        select user_id, day, max(hr_5s_bpm) as highest_bpm, max(hr_1200s_bpm) as hr_1200s_bpm, count(hr_5s_bpm) as hearts, max(as_of) as as_of
        from efforts
        group by user_id, day
    ) as days
    window
        year as (partition by user_id order by day range between interval '364 days' preceding and current row),
        season as (partition by user_id order by day range between interval '89 days' preceding and current row)
),

births as (
    select distinct on (user_id) user_id, birth_day, ingested_at
    from {{ changed_people(ref('stg_garmin__profiles')) }}
    where birth_day is not null
    order by user_id, ingested_at desc, event_id
),

highest as (
    select
        hearts.user_id,
        hearts.day,
        hearts.hr_1200s_bpm,
        -- Who never went all out was never seen at the highest; age alone is wrong by ten beats either way.
        greatest(
            case when hearts.hearts >= 5 or births.birth_day is not null then hearts.highest_bpm end,
            208 - 0.7 * (extract(year from hearts.day) - extract(year from births.birth_day))
        )::double precision as value,
        case
            when births.birth_day is null then 'highest 5 seconds of the recordings of a year'
            else 'highest 5 seconds of the recordings of a year, at least 208 - 0.7 age'
        end as method,
        greatest(hearts.as_of, births.ingested_at) as as_of
    from hearts
    left join births on births.user_id = hearts.user_id
),

nights as (
    select user_id, day, resting_hr_bpm, as_of
    from {{ changed_people(ref('int_wearable_days__joined')) }}
    where resting_hr_bpm > 0
),

months as (
    select distinct user_id, date_trunc('month', day)::date as month
    from nights
),

first_months as (
    select user_id, min(month) as month
    from months
    group by user_id
),

resting as (
    select
        months.user_id,
        months.month as day,
        percentile_cont(0.5) within group (order by nights.resting_hr_bpm) as value,
        max(nights.as_of) as as_of
    from months
    inner join first_months on first_months.user_id = months.user_id
    -- The month before; of the first month, which has none, the month itself.
    inner join nights
        on nights.user_id = months.user_id
        and nights.day >= case when months.month = first_months.month then months.month else months.month - 30 end
        and nights.day < case when months.month = first_months.month then months.month + 30 else months.month end
    group by months.user_id, months.month
),

given as (
    select user_id, sport, day, value, method, as_of
    from {{ changed_people(ref('int_thresholds__declared')) }}
    where kind = 'max_hr_bpm'
),

-- The highest in force: given before estimated.
floors as (
    select
        highest.user_id,
        highest.day,
        highest.hr_1200s_bpm,
        0.85 * coalesce(stated.value, highest.value) as floor_bpm,
        greatest(highest.as_of, stated.as_of) as as_of
    from highest
    left join lateral (
        select given.value, given.as_of
        from given
        where given.user_id = highest.user_id and given.day <= highest.day
        order by given.method = {{ word_of_the_person() }} desc, given.sport = 'all' desc, given.day desc, given.sport
        limit 1
    ) as stated on true
),

models as (
    select * from {{ changed_people(ref('power_models')) }}
    where reason is null
),

estimated as (
    select user_id, sport, 'ftp_w' as kind, day, 0.95 * power_w as value,
        '95 % of the best 20 minutes of 90 days' as method, as_of
    from seasons
    union all
    -- Easy efforts alone say nothing of a threshold: without a highest to hold them against there is none.
    select user_id, 'all', 'threshold_hr_bpm', day, greatest(hr_1200s_bpm, floor_bpm),
        'highest mean heart rate of 20 minutes in 90 days, at least 85 % of the highest', as_of
    from floors
    where floor_bpm is not null
    union all
    select user_id, 'all', 'max_hr_bpm', day, value, method, as_of
    from highest
    union all
    select user_id, 'all', 'resting_hr_bpm', day, value, 'median of the watch''s resting heart rates of the 30 days before the month', as_of
    from resting
    union all
    select user_id, sport, 'cp_w', day, cp_w, 'critical power of the best efforts of 90 days', as_of
    from models
    union all
    select user_id, sport, 'w_prime_j', day, w_prime_j, 'critical power of the best efforts of 90 days', as_of
    from models
)

select user_id, sport, kind, day, value, method, as_of
from estimated
where {{ is_threshold('kind', 'value') }}
