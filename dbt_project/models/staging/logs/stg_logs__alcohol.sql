{{ config(meta={'event_types': ['alcohol']}) }}

with

source as (
    select * from {{ changed_events(ref('base_logs__entries')) }}
    where event_type = 'alcohol'
),

renamed as (
    select
        event_id,
        user_id,
        occurred_at,
        utc_offset,
        {{ local_day('occurred_at', 'utc_offset') }} as day,
        {{ json_measurement("data -> 'amount_g'") }} as alcohol_g,
        ingested_at
    from source
)

select * from renamed
