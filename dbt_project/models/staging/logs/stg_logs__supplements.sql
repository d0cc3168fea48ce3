{{ config(meta={'event_types': ['supplement']}) }}

with

source as (
    select * from {{ changed_events(ref('base_logs__entries')) }}
    where event_type = 'supplement'
),

renamed as (
    select
        event_id,
        user_id,
        occurred_at,
        utc_offset,
        {{ local_day('occurred_at', 'utc_offset') }} as day,
        {{ slug(json_text("data -> 'name'")) }} as supplement,
        {{ json_measurement("data -> 'amount'") }} as amount,
        lower({{ json_text("data -> 'unit'") }}) as unit,
        ingested_at
    from source
)

select * from renamed
