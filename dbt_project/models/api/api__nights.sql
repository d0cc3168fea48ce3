{{ config(alias='nights') }}
select user_id, day, sleep_start_at, sleep_end_at, utc_offset, sleep_minutes, deep_sleep_minutes, light_sleep_minutes,
       rem_sleep_minutes, awake_minutes, sleep_score, hrv_rmssd_ms, respiration_brpm, spo2_pct, sleep_stress, as_of
from {{ ref('nights') }}
