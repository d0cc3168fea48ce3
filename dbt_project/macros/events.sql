{% macro current_events(relation, event_types) %}
select distinct on (e.event_id)
       e.event_id, e.user_id, e.time as occurred_at, e.utc_offset, e.event_type, e.data, e.metadata, e.ingested_at,
       {{ day_of("e.metadata ->> 'day'") }} as day
from {{ relation }} e
where e.event_type in ({% for type in event_types %}'{{ type }}'{{ "," if not loop.last }}{% endfor %})
  and not exists (
    select from {{ source('inbox', 'logs') }} d
    where d.user_id = e.user_id and d.event_type = 'deleted'
      and d.data ->> 'event_id' = e.event_id::text and d.ingested_at > e.ingested_at)
order by e.event_id, e.ingested_at desc
{% endmacro %}
