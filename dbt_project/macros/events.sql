{#-
  Events of some kind as they are now, with their content: keys from base_events__current, the rest from the log by its
  primary key, so that who asks for some events or person-days reads those alone. The conditions that are stated twice
  let PostgreSQL choose from which side.
-#}
{% macro current_events(log, condition) -%}
select
    current.event_id,
    current.user_id,
    current.event_type,
    current.source,
    current.time as occurred_at,
    current.utc_offset,
    current.day,
    log.data,
    log.metadata,
    log.confidence,
    current.ingested_at
from {{ ref('base_events__current') }} as current
inner join {{ log }} as log
    on log.event_id = current.event_id
    and log.content_hash = current.content_hash
    and log.time = current.time
    and log.event_type = current.event_type
    and log.user_id = current.user_id
where {{ condition }}
{%- endmacro %}

{#- The zone of a person; one that PostgreSQL does not know must not stop the build. -#}
{% macro known_zone(timezone) -%}
  case when pg_input_is_valid('2000-01-01 00:00 ' || {{ timezone }}, 'timestamptz') then {{ timezone }} else 'UTC' end
{%- endmacro %}

{#- The local calendar day of an instant: a day is what the person's clock showed. -#}
{% macro local_day(instant, utc_offset) -%}
  (({{ instant }} at time zone 'UTC') + {{ utc_offset }})::date
{%- endmacro %}

{#- The day that a Garmin payload is about: Garmin's own calendar date, else the one it was asked for. -#}
{% macro garmin_day(payload='data') -%}
  coalesce(
    {{ safe_date(payload ~ " ->> 'calendarDate'") }},
    {{ safe_date("metadata ->> 'day'") }}
  )
{%- endmacro %}

{#-
  One row a person and day out of a staging model with one row an event: several Garmin accounts, or two shapes
  of one payload, can report the same day. Rows with data win over empty ones, then `first` (optional order), then
  the newest ingested. Whole rows are taken, never single columns: two watches are not mixed within one payload.
-#}
{% macro one_row_a_day(relation, first=none) -%}
    select distinct on (user_id, day) *
    from {{ relation }}
    where day is not null
    order by user_id, day, has_data desc, {{ first ~ ',' if first }} ingested_at desc, event_id
{%- endmacro %}

{#- A name in lower case with underscores: what people type becomes a metric's name. -#}
{% macro slug(text) -%}
  coalesce(
    nullif(btrim(regexp_replace(lower({{ text }}), '[^[:alnum:]]+', '_', 'g'), '_'), ''),
    nullif(lower(btrim({{ text }})), '')
  )
{%- endmacro %}
