{{ config(meta={'event_types': ['mood']}) }}

with

source as (
    select * from {{ changed_events(ref('base_logs__entries')) }}
    where event_type = 'mood'
),

renamed as (
    select
        event_id,
        user_id,
        occurred_at,
        utc_offset,
        {{ local_day('occurred_at', 'utc_offset') }} as day,
        {{ json_number("data -> 'rating'") }} as rating,
        {{ json_label("data -> 'scale'") }} as scale,
        ingested_at
    from source
)

select * from renamed
