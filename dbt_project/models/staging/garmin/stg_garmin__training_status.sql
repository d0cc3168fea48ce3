with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.training_status'
),

-- The web app's answer wraps each block with its request; the library's does not.
blocks as (
    select
        *,
        coalesce(data #> '{mostRecentTrainingStatus,payload}', data -> 'mostRecentTrainingStatus') as latest,
        coalesce(data #> '{mostRecentTrainingLoadBalance,payload}', data -> 'mostRecentTrainingLoadBalance') as balance,
        coalesce(
            data #> '{weeklyTrainingStatus,payload}', data -> 'weeklyTrainingStatus',
            data #> '{monthlyTrainingStatus,payload}', data -> 'monthlyTrainingStatus'
        ) as report
    from source
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
),

loads as (
    select
        *,
        status -> 'acuteTrainingLoadDTO' as load,
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
    {{ json_text("status -> 'trainingStatusFeedbackPhrase'") }} as feedback,
    {{ json_measurement("load -> 'dailyTrainingLoadAcute'") }} as acute_load,
    {{ json_measurement("load -> 'dailyTrainingLoadChronic'") }} as chronic_load,
    {{ json_measurement("load -> 'dailyAcuteChronicWorkloadRatio'") }} as load_ratio,
    {{ json_measurement("load -> 'minTrainingLoadChronic'") }} as tunnel_low,
    {{ json_measurement("load -> 'maxTrainingLoadChronic'") }} as tunnel_high,
    {{ json_measurement("balance_of_device -> 'monthlyLoadAerobicLow'") }} as load_aerobic_low,
    {{ json_measurement("balance_of_device -> 'monthlyLoadAerobicHigh'") }} as load_aerobic_high,
    {{ json_measurement("balance_of_device -> 'monthlyLoadAnaerobic'") }} as load_anaerobic,
    ingested_at
from loads
