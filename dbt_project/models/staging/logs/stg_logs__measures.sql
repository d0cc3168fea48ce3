{{ config(meta={'event_types': ['measure']}) }}

with

source as (
    select * from {{ changed_events(ref('base_logs__entries')) }}
    where event_type = 'measure'
),

renamed as (
    select
        event_id,
        user_id,
        occurred_at,
        utc_offset,
        {{ local_day('occurred_at', 'utc_offset') }} as day,
        {{ slug(json_text("data -> 'name'")) }} as measure,
        {{ json_number("data -> 'value'") }} as value,
        {{ json_text("data -> 'unit'") }} as unit,
        case when data ->> 'grain' = 'day' then 'day' else 'instant' end as grain,
        {{ json_text("data -> 'trial'") }} as trial,
        {{ json_integer("data -> 'study_day'") }} as study_day,
        -- How many readings a day's value stands for, where the study says so.
        coalesce(nullif({{ json_integer("data -> 'samples'") }}, 0), 1) as samples,
        ingested_at
    from source
)

select * from renamed
