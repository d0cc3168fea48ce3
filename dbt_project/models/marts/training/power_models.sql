{{ config(incremental_strategy='by_person') }}

-- P = CP + W'/t over the best efforts of the last 90 days, refitted on every day with power.

with

efforts as (
    select
        user_id,
        threshold_sport as sport,
        day,
        {% for seconds in model_durations() -%}
        max(power_{{ seconds }}s_w) as power_{{ seconds }}s_w,
        {% endfor -%}
        max(as_of) as as_of
    from {{ changed_people(ref('int_activity_efforts')) }}
    where power_recording_id is not null
    group by user_id, threshold_sport, day
),

best as (
    select
        user_id,
        sport,
        day,
        {% for seconds in model_durations() -%}
        max(power_{{ seconds }}s_w) over season as power_{{ seconds }}s_w,
        {% endfor -%}
        max(as_of) over season as as_of
    from efforts
    window season as (
        partition by user_id, sport order by day range between interval '89 days' preceding and current row
    )
),

points as (
    select best.user_id, best.sport, best.day, best.as_of, 1.0::double precision / point.seconds as x, point.power_w as y, point.seconds
    from best
    cross join lateral (
        values
            {% for seconds in model_durations() -%}
            ({{ seconds }}, best.power_{{ seconds }}s_w){{ ',' if not loop.last }}
            {% endfor %}
    ) as point (seconds, power_w)
),

fitted as (
    select
        user_id,
        sport,
        day,
        max(as_of) as as_of,
        count(y)::integer as efforts,
        max(y) filter (where seconds = 1200) as power_1200s_w,
        coalesce(max(seconds) filter (where y is not null) >= 4 * min(seconds) filter (where y is not null), false) as is_wide,
        regr_slope(y, x) as slope,
        regr_intercept(y, x) as intercept,
        regr_r2(y, x) as r_squared,
        regr_avgx(y, x) as mean_x,
        regr_sxx(y, x) as sxx,
        greatest(0, regr_syy(y, x) - regr_slope(y, x) * regr_sxy(y, x)) / nullif(count(y) - 2, 0) as variance
    from points
    group by user_id, sport, day
),

judged as (
    select
        *,
        sqrt(variance * (1.0 / efforts + mean_x * mean_x / nullif(sxx, 0))) as cp_error_w,
        sqrt(variance / nullif(sxx, 0)) as w_prime_error_j,
        case
            when efforts < 4 then 'fewer than four durations from 2 to 20 minutes'
            when not is_wide then 'the efforts are too much alike in duration'
            when slope <= 0 or intercept <= 0 then 'power does not fall with duration'
            when sqrt(variance * (1.0 / efforts + mean_x * mean_x / sxx)) > 0.05 * intercept
                then 'the efforts do not lie on one curve'
            -- Weak short efforts flatten the line until it is that of no body.
            when slope < 5000 then 'the work above critical power is too small to be true'
            when intercept > 0.97 * power_1200s_w then 'critical power lies too close to the best 20 minutes'
        end as reason
    from fitted
)

select
    user_id,
    sport,
    day,
    efforts,
    case when reason is null then intercept end as cp_w,
    case when reason is null then slope end as w_prime_j,
    case when reason is null then cp_error_w end as cp_error_w,
    case when reason is null then w_prime_error_j end as w_prime_error_j,
    case when reason is null then r_squared end as r_squared,
    reason,
    as_of
from judged
