-- What Garmin works out or gathers of a day beyond the watch's own metrics, as each payload reports it: one row an event, day
-- and metric. One table for all kinds of payload, so that a day's metrics are found without unpacking any of them again.

{{ config(incremental_strategy='by_event', indexes=[{'columns': ['user_id', 'day', 'metric']}]) }}

with

power_thresholds as (
    select user_id, power_day as day, running_threshold_power_w, ingested_at, event_id
    from {{ changed_events(ref('stg_garmin__lactate_thresholds')) }}
),

reported as (
    -- The day's summary reports them as well, and the account's export there alone.
    {{ unpivot_metrics(changed_events(ref('stg_garmin__daily_summaries')), identity_map(summary_metrics()),
        priority='case when src.is_full then 3 else 4 end') }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__intensity_days')), identity_map(['moderate_minutes', 'vigorous_minutes', 'weekly_goal_minutes']),
        priority='case when src.is_full then 1 else 2 end') }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__respiration_days')), identity_map(
        ['waking_respiration_brpm', 'sleep_respiration_brpm', 'lowest_respiration_brpm', 'highest_respiration_brpm'])) }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__spo2_days')), identity_map(['spo2_pct', 'lowest_spo2_pct', 'sleep_spo2_pct'])) }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__body_battery_days')), identity_map(['body_battery_charged', 'body_battery_drained'])) }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__nutrition_days')), identity_map((nutrients() | list) + ['energy_goal_kcal'])) }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__hydration_days')), identity_map(['fluids_ml', 'fluids_goal_ml'])) }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__hydration_logs')), {'drink_ml': 'fluids_ml'}, priority='2') }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__max_metrics')), identity_map(['vo2max_running', 'vo2max_cycling']),
        priority='case when src.computed_at is null then 1 else 2 end', rank='-extract(epoch from src.computed_at)') }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__fitness_ages')), identity_map(['fitness_age_years']),
        priority='case when src.is_exported then 2 else 1 end') }}
    union all
    -- Of the day's two to five readings the one after waking is the day's.
    {{ unpivot_metrics(changed_events(ref('stg_garmin__training_readiness')), identity_map(['readiness_score', 'recovery_minutes']),
        labels=identity_map(['readiness_level']),
        priority="case when src.context = 'AFTER_WAKEUP_RESET' then 1 else 2 end", rank='extract(epoch from src.reported_at)') }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__endurance_scores')), identity_map(['endurance_score']),
        priority='case when src.computed_at is null then 1 else 2 end', rank='-extract(epoch from src.computed_at)') }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__hill_scores')), identity_map(['hill_score', 'hill_strength_score', 'hill_endurance_score']),
        priority='case when src.computed_at is null then 1 else 2 end', rank='-extract(epoch from src.computed_at)') }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__race_predictions')),
        identity_map(['time_5k_s', 'time_10k_s', 'time_half_marathon_s', 'time_marathon_s']),
        priority='case when src.computed_at is null then 1 else 2 end', rank='-extract(epoch from src.computed_at)') }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__cycling_ftp')), {'cycling_ftp_w': 'ftp_w'}) }}
    union all
    {{ unpivot_metrics(changed_events(ref('stg_garmin__lactate_thresholds')), identity_map(threshold_metrics()[:3])) }}
    union all
    {{ unpivot_metrics('power_thresholds', identity_map(threshold_metrics()[3:])) }}
    union all
    -- Several watches report their own: the one that the person trains with first.
    {{ unpivot_metrics(changed_events(ref('stg_garmin__training_status')), identity_map(load_metrics()),
        labels={'training_feedback': 'feedback', 'balance_feedback': 'balance_feedback'},
        priority='case when src.is_primary then 1 else 2 end', rank='-extract(epoch from src.computed_at)') }}
)

select user_id, day, metric, value, text_value, priority, rank, ingested_at, event_id
from reported
