{{ config(meta={'dagster': {'ref': {'name': 'base_events__current'}}}) }}

-- What names a row of staging names one, and is never null: all models in one query, because a test of each would cost
-- every build more seconds than the models themselves. Samples are numbered as they are unpacked, and never all read.

{% set keys = {
    'stg_garmin__activities': ['event_id'], 'stg_garmin__activity_exports': ['event_id'], 'stg_garmin__daily_summaries': ['event_id'],
    'stg_garmin__heart_rates': ['event_id'], 'stg_garmin__hrv_nights': ['event_id'], 'stg_garmin__sleep_scores': ['event_id'],
    'stg_garmin__sleeps': ['event_id'], 'stg_garmin__steps': ['event_id'], 'stg_garmin__stress_days': ['event_id'],
    'stg_garmin__weigh_ins': ['event_id'], 'stg_fit__activities': ['session_id'],
    'stg_garmin__respiration_days': ['event_id'], 'stg_garmin__spo2_days': ['event_id'], 'stg_garmin__intensity_days': ['event_id'],
    'stg_garmin__body_battery_days': ['event_id'], 'stg_garmin__training_readiness': ['event_id'],
    'stg_garmin__max_metrics': ['event_id'], 'stg_garmin__race_predictions': ['event_id'],
    'stg_garmin__endurance_scores': ['event_id'], 'stg_garmin__hill_scores': ['event_id'], 'stg_garmin__hydration_days': ['event_id'],
    'stg_garmin__blood_pressures': ['event_id'], 'stg_garmin__heart_rate_summaries': ['event_id'],
    'stg_garmin__fitness_ages': ['event_id', 'ingested_at'], 'stg_garmin__personal_records': ['event_id'], 'stg_garmin__devices': ['event_id'],
    'stg_garmin__heart_rate_zones': ['event_id', 'ingested_at'], 'stg_garmin__user_settings': ['event_id'],
    'stg_garmin__cycling_ftp': ['event_id', 'ingested_at'], 'stg_garmin__lactate_thresholds': ['event_id', 'ingested_at'],
    'stg_garmin__activity_laps': ['event_id', 'lap_number'], 'stg_garmin__activity_sets': ['event_id', 'set_number'],
    'stg_garmin__activity_weathers': ['event_id'],
    'stg_garmin__training_effects': ['event_id'], 'stg_garmin__lifestyle_logs': ['event_id', 'report_number'],
    'stg_garmin__food_logs': ['event_id', 'meal_number', 'food_number'], 'stg_garmin__nutrition_days': ['event_id'],
    'stg_garmin__hydration_logs': ['event_id'], 'stg_garmin__menstrual_days': ['event_id'], 'stg_garmin__weeks': ['event_id'],
    'stg_fit__weights': ['event_id'], 'stg_fit__laps': ['event_id', 'lap_number'],
    'int_activity_metrics': ['recording_id', 'session_number'], 'int_activity_recordings__rpe_and_ftp': ['recording_id'],
    'stg_garmin__profiles': ['event_id'],
    'stg_fit__monitoring_files': ['event_id'], 'stg_fit__sleep_levels': ['event_id', 'position'],
} %}
{% for name, key in keys.items() %}
select '{{ name }}' as model, {{ key | join("::text || ' ' || ") }}::text as row_name, count(*) as rows_found
from {{ rows_to_test(ref(name)) }}
group by {{ key | join(', ') }}
having count(*) > 1 or num_nulls({{ key | join(', ') }}) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}
