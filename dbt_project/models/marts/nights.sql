{{ config(indexes=[{'columns': ['user_id', 'day'], 'unique': true}]) }}

with nights as (
    select
        coalesce(s.user_id, h.user_id, r.user_id) as user_id,
        coalesce(s.day, h.day, r.day) as day,
        s.sleep_start_at, s.sleep_end_at, coalesce(s.utc_offset, h.utc_offset) as utc_offset,
        s.sleep_minutes, s.deep_sleep_minutes, s.light_sleep_minutes, s.rem_sleep_minutes, s.awake_minutes,
        coalesce(s.sleep_score, r.sleep_score) as sleep_score,
        h.hrv_rmssd_ms, s.respiration_brpm, s.spo2_pct, s.sleep_stress,
        greatest(s.ingested_at, h.ingested_at, r.ingested_at) as as_of
    from {{ ref('stg_garmin__sleeps') }} s
    full join {{ ref('stg_garmin__hrv_nights') }} h on h.user_id = s.user_id and h.day = s.day
    full join {{ ref('stg_garmin__sleep_scores') }} r
        on r.user_id = coalesce(s.user_id, h.user_id) and r.day = coalesce(s.day, h.day)
)

select * from nights
