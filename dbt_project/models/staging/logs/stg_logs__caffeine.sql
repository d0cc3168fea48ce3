{{ config(meta={'event_types': ['caffeine']}) }}

with

source as (
    select * from {{ changed_events(ref('base_logs__entries')) }}
    where event_type = 'caffeine'
),

renamed as (
    select
        event_id,
        user_id,
        occurred_at,
        utc_offset,
        {{ local_day('occurred_at', 'utc_offset') }} as day,
        {{ json_measurement("data -> 'amount_mg'") }} as caffeine_mg,
        -- By the clock on the wall: 15:00 itself counts as after.
        extract(hour from (occurred_at at time zone 'UTC') + utc_offset) >= 15 as is_after_15,
        ingested_at
    from source
)

select * from renamed
