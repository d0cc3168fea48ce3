{{ config(meta={'dagster': {'ref': {'name': 'base_events__current'}}}) }}

-- What names a row of staging names one, and is never null: all models in one query, because a test of each would cost
-- every build more seconds than the models themselves. Samples are numbered as they are unpacked, and never all read.

{% set keys = {
    'garmin__activities': ['event_id'], 'garmin__activity_exports': ['event_id'], 'garmin__daily_summaries': ['event_id'],
    'garmin__heart_rates': ['event_id'], 'garmin__hrv_nights': ['event_id'], 'garmin__sleep_scores': ['event_id'],
    'garmin__sleeps': ['event_id'], 'garmin__steps': ['event_id'], 'garmin__stress_days': ['event_id'],
    'garmin__weigh_ins': ['event_id'], 'fit__activities': ['session_id'],
    'garmin__respiration_days': ['event_id'], 'garmin__spo2_days': ['event_id'], 'garmin__intensity_days': ['event_id'],
    'garmin__body_battery_days': ['event_id'], 'garmin__training_readiness': ['event_id'],
    'garmin__max_metrics': ['event_id'], 'garmin__race_predictions': ['event_id'],
    'garmin__endurance_scores': ['event_id'], 'garmin__hill_scores': ['event_id'], 'garmin__hydration_days': ['event_id'],
    'garmin__blood_pressures': ['event_id'], 'garmin__heart_rate_summaries': ['event_id'],
    'garmin__fitness_ages': ['event_id', 'ingested_at'], 'garmin__personal_records': ['event_id'], 'garmin__devices': ['event_id'],
    'garmin__heart_rate_zones': ['event_id', 'ingested_at'], 'garmin__user_settings': ['event_id'],
    'garmin__cycling_ftp': ['event_id', 'ingested_at'], 'garmin__lactate_thresholds': ['event_id', 'ingested_at'],
    'garmin__activity_laps': ['event_id', 'lap_number'], 'garmin__activity_sets': ['event_id', 'set_number'],
    'garmin__activity_weathers': ['event_id'],
    'garmin__training_effects': ['event_id'], 'garmin__lifestyle_logs': ['event_id', 'report_number'],
    'garmin__food_logs': ['event_id', 'meal_number', 'food_number'], 'garmin__nutrition_days': ['event_id'],
    'garmin__hydration_logs': ['event_id'], 'garmin__menstrual_days': ['event_id'], 'garmin__weeks': ['event_id'],
    'fit__weights': ['event_id'], 'fit__laps': ['event_id', 'lap_number'],
    'training__recordings': ['recording_id', 'session_number'], 'training__statements': ['recording_id'],
    'training__profiles': ['event_id'],
    'fit__monitoring_files': ['event_id'], 'fit__sleep_levels': ['event_id', 'place'],
} %}
{% for name, key in keys.items() %}
select '{{ name }}' as model, {{ key | join("::text || ' ' || ") }}::text as row_name, count(*) as rows_found
from {{ rows_to_test(ref('stg_' ~ name)) }}
group by {{ key | join(', ') }}
having count(*) > 1 or num_nulls({{ key | join(', ') }}) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}
