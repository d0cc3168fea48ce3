with

source as (
    select * from {{ source('ops', 'people') }}
),

renamed as (
    select
        user_id,
        {{ known_zone('timezone') }} as timezone
    from source
)

select * from renamed
