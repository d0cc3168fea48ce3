{{ config(incremental_strategy='by_day', meta={'event_types': ['fit.activity', 'garmin.activity_samples', 'track.activity']}) }}

-- The highest mean of each duration within an activity.

with

efforts as (
    select * from {{ changed_days(ref('int_activity_thresholds')) }}
),

measured as (
    {% for measure, column, prefix in [
        ('power_w', 'best_power_w', 'power'), ('heart_rate_bpm', 'best_hr_bpm', 'hr'), ('speed_mps', 'best_speed_mps', 'speed'),
    ] -%}
    select
        efforts.user_id, efforts.activity_id, efforts.day, efforts.threshold_sport as sport, '{{ measure }}' as measure,
        recorded.effort_durations_s, recorded.{{ column }} as best, efforts.as_of
    from efforts
    inner join {{ source('training', 'recordings') }} as recorded
        on recorded.recording_id = efforts.{{ prefix }}_recording_id
        and recorded.session_number = efforts.{{ prefix }}_session_number
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    measured.user_id,
    measured.activity_id,
    measured.day,
    measured.sport,
    measured.measure,
    effort.duration_s,
    effort.value,
    measured.as_of
from measured
cross join lateral unnest(measured.effort_durations_s, measured.best) as effort (duration_s, value)
where effort.value is not null
