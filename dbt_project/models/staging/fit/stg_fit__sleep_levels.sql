{{ config(meta={'event_types': ['fit.sleep']}) }}

with

source as (
    select * from {{ ref('base_fit__files') }}
    where event_type = 'fit.sleep'
)

select
    source.event_id,
    source.user_id,
    level.position,
    to_timestamp(level.at_s) as stated_at,
    level.name as level,
    source.ingested_at
from source
cross join lateral json_table(
    source.data, '$.levels[*]'
    columns (position for ordinality, at_s double precision path '$[0]', name text path '$[1]')
) as level
where level.at_s between 1 and 4102444800
