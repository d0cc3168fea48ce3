{{ config(indexes=[{'columns': ['user_id', 'metric', 'day'], 'unique': true}]) }}

{% set of_days = ['resting_hr_bpm', 'stress_avg', 'body_battery_high', 'weight_kg', 'steps'] %}
{% set of_nights = ['sleep_minutes', 'deep_sleep_minutes', 'sleep_score', 'hrv_rmssd_ms'] %}

{% for metric in of_days %}
select user_id, day, '{{ metric }}' as metric, {{ metric }}::double precision as value, 1 as samples, as_of
from {{ ref('days') }} where {{ metric }} is not null
union all
{% endfor %}
{% for metric in of_nights %}
select user_id, day, '{{ metric }}', {{ metric }}::double precision, 1, as_of
from {{ ref('nights') }} where {{ metric }} is not null
union all
{% endfor %}
select user_id, day, name, value, samples, ingested_at
from {{ ref('int_measures__daily') }}
where name not in ({% for metric in of_days + of_nights %}'{{ metric }}'{{ ", " if not loop.last }}{% endfor %})
