with

source as (
    select * from {{ source('ops', 'people') }}
),

renamed as (
    select
        user_id,
        -- A zone that PostgreSQL does not know must not stop the build.
        case when pg_input_is_valid('2000-01-01 00:00 ' || timezone, 'timestamptz') then timezone else 'UTC' end
            as timezone
    from source
)

select * from renamed
