{{ config(meta={'event_types': ['garmin.gear']}) }}

with

source as (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.gear'
)

select
    source.event_id,
    source.user_id,
    {{ json_label("element.gear -> 'gearPk'") }} as gear_id,
    {{ json_text("element.gear -> 'gearTypeName'") }} as gear_type,
    coalesce(
        {{ json_text("element.gear -> 'customMakeModel'") }}, {{ json_text("element.gear -> 'displayName'") }}
    ) as gear,
    {{ json_text("element.gear -> 'gearStatusName'") }} as status,
    {{ safe_date("element.gear ->> 'dateBegin'") }} as first_day,
    {{ safe_date("element.gear ->> 'dateEnd'") }} as last_day,
    {{ json_positive("element.gear -> 'maximumMeters'") }} as maximum_distance_m,
    (
        select coalesce(jsonb_agg({{ json_label("worn.activity -> 'activityId'") }} order by worn.ordinal), '[]'::jsonb)
        from jsonb_array_elements(
            {{ json_array("source.data -> 'gearActivityDTOs' -> (element.gear ->> 'gearPk')") }}
        ) with ordinality as worn (activity, ordinal)
        where {{ json_label("worn.activity -> 'activityId'") }} is not null
    ) as activity_ids,
    source.ingested_at
from source
cross join lateral jsonb_array_elements({{ json_array("source.data -> 'gearDTOS'") }}) as element (gear)
