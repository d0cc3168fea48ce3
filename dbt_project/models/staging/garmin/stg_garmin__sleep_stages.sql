{{ config(meta={'event_types': ['garmin.sleep']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.sleep'
),

exploded as (
    select
        source.event_id,
        source.user_id,
        {{ garmin_day("(source.data -> 'dailySleepDTO')") }} as day,
        {{ safe_timestamp("element.stage ->> 'startGMT'") }} at time zone 'UTC' as stage_start_at,
        {{ safe_timestamp("element.stage ->> 'endGMT'") }} at time zone 'UTC' as stage_end_at,
        {{ json_integer("element.stage -> 'activityLevel'") }} as level,
        source.ingested_at
    from source
    cross join lateral jsonb_array_elements({{ json_array("source.data -> 'sleepLevels'") }}) as element (stage)
)

select
    event_id,
    user_id,
    day,
    stage_start_at,
    stage_end_at,
    case level when 0 then 'deep' when 1 then 'light' when 2 then 'rem' when 3 then 'awake' end as stage,
    extract(epoch from stage_end_at - stage_start_at)::double precision / 60 as stage_minutes,
    ingested_at
from exploded
where stage_start_at is not null
