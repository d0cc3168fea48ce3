{{ config(meta={'event_types': ['weight']}) }}

with

source as (
    select * from {{ changed_events(ref('base_logs__entries')) }}
    where event_type = 'weight'
),

renamed as (
    select
        event_id,
        user_id,
        occurred_at,
        utc_offset,
        {{ local_day('occurred_at', 'utc_offset') }} as day,
        {{ json_positive("data -> 'weight_kg'") }} as weight_kg,
        ingested_at
    from source
)

select * from renamed
