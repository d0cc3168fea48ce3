{{ config(meta={'event_types': [
        'garmin.acute_training_load', 'garmin.training_history', 'garmin.training_status'
    ]}) }}

with

-- Read twice, and yet not materialized: who asks for some events unpacks those alone.
source as not materialized (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type in (
        'garmin.training_status', 'garmin.acute_training_load', 'garmin.training_history'
    )
),

-- The web app's answer wraps each block with its request; the library's does not.
blocks as not materialized (
    select
        *,
        coalesce(data #> '{mostRecentTrainingStatus,payload}', data -> 'mostRecentTrainingStatus') as latest,
        coalesce(data #> '{mostRecentTrainingLoadBalance,payload}', data -> 'mostRecentTrainingLoadBalance') as balance,
        coalesce(
            data #> '{weeklyTrainingStatus,payload}', data -> 'weeklyTrainingStatus',
            data #> '{monthlyTrainingStatus,payload}', data -> 'monthlyTrainingStatus'
        ) as report
    from source
    where event_type = 'garmin.training_status'
),

statuses as (
    select event_id, user_id, metadata, ingested_at, device.key as device_id, device.value as status, balance
    from blocks
    cross join lateral jsonb_each({{ json_object("latest -> 'latestTrainingStatusData'") }}) as device
    union all
    select event_id, user_id, metadata, ingested_at, device.key as device_id, element.value as status, null as balance
    from blocks
    cross join lateral jsonb_each({{ json_object("report -> 'reportData'") }}) as device
    cross join lateral jsonb_array_elements({{ json_array('device.value') }}) as element
    union all
    -- The account's export reports load and status apart, each time that they were computed.
    select
        event_id, user_id, metadata, ingested_at, {{ json_label("data -> 'deviceId'") }} as device_id,
        data as status, null as balance
    from source
    where event_type <> 'garmin.training_status'
),

loads as (
    select
        *,
        case when status ? 'acuteTrainingLoadDTO' then status -> 'acuteTrainingLoadDTO' else status end as load,
        balance -> 'metricsTrainingLoadBalanceDTOMap' -> device_id as balance_of_device
    from statuses
)

select
    event_id,
    user_id,
    {{ garmin_day('status') }} as day,
    device_id,
    coalesce(status -> 'primaryTrainingDevice' = 'true'::jsonb, false) as is_primary,
    {{ json_integer("status -> 'trainingStatus'") }} as training_status,
    coalesce(
        {{ json_text("status -> 'trainingStatusFeedbackPhrase'") }},
        {{ json_text("status -> 'trainingStatus2FeedbackPhrase'") }},
        {{ json_text("status -> 'trainingStatus'") }}
    ) as feedback,
    coalesce(
        {{ json_epoch_ms("status -> 'timestamp'") }}, {{ safe_timestamp("status ->> 'timestamp'") }} at time zone 'UTC'
    ) as computed_at,
    {{ json_measurement("load -> 'dailyTrainingLoadAcute'") }} as acute_load,
    {{ json_measurement("load -> 'dailyTrainingLoadChronic'") }} as chronic_load,
    {{ json_measurement("load -> 'dailyAcuteChronicWorkloadRatio'") }} as load_ratio,
    {{ json_measurement("load -> 'minTrainingLoadChronic'") }} as tunnel_low,
    {{ json_measurement("load -> 'maxTrainingLoadChronic'") }} as tunnel_high,
    {{ json_measurement("balance_of_device -> 'monthlyLoadAerobicLow'") }} as load_aerobic_low,
    {{ json_measurement("balance_of_device -> 'monthlyLoadAerobicHigh'") }} as load_aerobic_high,
    {{ json_measurement("balance_of_device -> 'monthlyLoadAnaerobic'") }} as load_anaerobic,
    {% for ours, theirs in {'aerobic_low': 'AerobicLow', 'aerobic_high': 'AerobicHigh', 'anaerobic': 'Anaerobic'}.items() -%}
    {{ json_measurement("balance_of_device -> 'monthlyLoad" ~ theirs ~ "TargetMin'") }} as load_{{ ours }}_target_low,
    {{ json_measurement("balance_of_device -> 'monthlyLoad" ~ theirs ~ "TargetMax'") }} as load_{{ ours }}_target_high,
    {% endfor -%}
    {{ json_text("balance_of_device -> 'trainingBalanceFeedbackPhrase'") }} as balance_feedback,
    ingested_at
from loads
