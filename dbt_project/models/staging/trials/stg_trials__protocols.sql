{{ config(incremental_strategy='by_person', meta={'event_types': ['trial.protocol']}) }}

with

source as (
    select * from {{ changed_people(ref('base_trials__events')) }}
    where event_type = 'trial.protocol'
),

renamed as (
    select
        event_id,
        user_id,
        {{ json_label("data -> 'trial'") }} as trial,
        {{ json_text("data -> 'question'") }} as question,
        {{ json_array("data -> 'arms'") }} as arms,
        {{ json_text("data -> 'outcome'") }} as outcome,
        {{ json_array("data -> 'secondary'") }} as secondary,
        case when data ->> 'direction' in ('higher', 'lower') then data ->> 'direction' end as direction,
        {{ json_measurement("data -> 'smallest_effect'") }} as smallest_effect,
        {{ json_integer("data -> 'lag_days'") }} as lag_days,
        {{ safe_date("data ->> 'start_day'") }} as start_day,
        {{ json_integer("data -> 'period_days'") }} as period_days,
        {{ json_integer("data -> 'washout_days'") }} as washout_days,
        {{ json_integer("data -> 'cycles'") }} as cycles,
        case when data ->> 'seed' ~ '^-?\d{1,18}$' then (data ->> 'seed')::bigint end as seed,
        data -> 'assignment' as assignment,
        ingested_at
    from source
)

-- One protocol a trial, whatever key it came under.
select distinct on (user_id, trial) *
from renamed
where trial is not null
order by user_id, trial, ingested_at desc, event_id
