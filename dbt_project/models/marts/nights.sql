with

sleeps as (
    {{ one_row_a_day(changed_days(ref('stg_garmin__sleeps')), first='is_full desc') }}
),

hrv_nights as (
    -- The night's own payload wins over its line in a range, that over the account's export, where each has a value.
    {{ one_row_a_day(changed_days(ref('stg_garmin__hrv_nights')), first='is_full desc, is_exported') }}
),

sleep_scores as (
    {{ one_row_a_day(changed_days(ref('stg_garmin__sleep_scores'))) }}
)

select
    user_id,
    day,
    sleeps.sleep_start_at,
    sleeps.sleep_end_at,
    sleeps.utc_offset,
    sleeps.sleep_minutes,
    sleeps.deep_sleep_minutes,
    sleeps.light_sleep_minutes,
    sleeps.rem_sleep_minutes,
    sleeps.awake_minutes,
    coalesce(sleeps.sleep_score, sleep_scores.sleep_score) as sleep_score,
    coalesce(hrv_nights.hrv_rmssd_ms, sleeps.hrv_rmssd_ms) as hrv_rmssd_ms,
    sleeps.respiration_brpm,
    sleeps.spo2_pct,
    sleeps.sleep_stress,
    greatest(sleeps.ingested_at, hrv_nights.ingested_at, sleep_scores.ingested_at) as as_of
from sleeps
full join hrv_nights using (user_id, day)
full join sleep_scores using (user_id, day)
-- Garmin answers for every night, also with an object full of nulls: that is no night.
where num_nonnulls(
    sleeps.sleep_minutes, hrv_nights.hrv_rmssd_ms, sleeps.hrv_rmssd_ms, sleeps.sleep_score, sleep_scores.sleep_score
) > 0
