{{ config(meta={'event_types': ['garmin.lifestyle']}) }}

with

source as (
    select * from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.lifestyle'
)

select
    source.event_id,
    source.user_id,
    coalesce({{ safe_date("element.report ->> 'calendarDate'") }}, {{ garmin_day('source.data') }}) as day,
    element.ordinal::integer as report_number,
    {{ json_text("element.report -> 'name'") }} as behaviour,
    {{ json_text("element.report -> 'category'") }} as category,
    -- Not there on days on which nothing was ticked.
    case {{ json_text("element.report -> 'logStatus'") }} when 'YES' then true when 'NO' then false end as was_so,
    amounts.amount,
    amounts.amounts,
    source.ingested_at
from source
cross join lateral jsonb_array_elements({{ json_array("source.data -> 'dailyLogsReport'") }}) with ordinality
    as element (report, ordinal)
cross join lateral (
    select
        sum({{ json_measurement("detail -> 'amount'") }}) as amount,
        jsonb_object_agg(
            coalesce({{ json_text("detail -> 'subTypeName'") }}, 'AMOUNT'), {{ json_measurement("detail -> 'amount'") }}
        ) filter (where {{ json_measurement("detail -> 'amount'") }} is not null) as amounts
    from jsonb_array_elements({{ json_array("element.report -> 'details'") }}) as kind (detail)
) as amounts
