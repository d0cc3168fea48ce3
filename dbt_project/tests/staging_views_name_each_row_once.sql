-- The views of staging, all in one query: a test of each would cost every build more than the views themselves.

{% set keys = {
    'respiration_days': 'event_id', 'spo2_days': 'event_id', 'intensity_days': 'event_id', 'body_battery_days': 'event_id',
    'training_readiness': 'event_id', 'max_metrics': 'event_id', 'race_predictions': 'event_id',
    'endurance_scores': 'event_id', 'hill_scores': 'event_id', 'hydration_days': 'event_id', 'blood_pressures': 'event_id',
    'heart_rate_summaries': 'event_id', 'fitness_ages': 'event_id', 'personal_records': 'event_id', 'devices': 'event_id',
    'heart_rate_zones': 'event_id', 'user_settings': 'event_id', 'cycling_ftp': 'event_id',
    'training_status': "event_id, device_id, day", 'activity_laps': 'event_id, lap_number',
} %}
{% for name, key in keys.items() %}
select '{{ name }}' as model, min(event_id::text) as event_id, count(*) as rows_found
from {{ ref('stg_garmin__' ~ name) }}
group by {{ key }}
having count(*) > 1
{% if not loop.last %}union all{% endif %}
{% endfor %}
