{#-
  The current state of the log for some event types: the newest version of each event by `ingested_at`, without
  events that a later tombstone (`deleted`) names. `distinct on` begins with user and type, so that a filter on
  event_type from outside reaches the index on raw.events (user_id, event_type, time).

  `utc_offset` is what the person's clock showed; where the event does not say, the offset of the person's zone.
-#}
{% macro current_events(log, people, condition) -%}
with

tombstones as (
    select user_id, {{ safe_uuid("data ->> 'event_id'") }} as event_id, max(ingested_at) as deleted_at
    from {{ log }}
    where event_type = 'deleted'
    group by 1, 2
),

newest as (
    select distinct on (user_id, event_type, event_id)
        user_id, event_type, event_id, time, utc_offset, source, data, metadata, confidence, ingested_at
    from {{ log }}
    where {{ condition }}
    order by user_id, event_type, event_id, ingested_at desc, content_hash
),

zones as (
    select
        user_id,
        -- A zone that PostgreSQL does not know must not stop the build.
        case when pg_input_is_valid('2000-01-01 00:00 ' || timezone, 'timestamptz') then timezone else 'UTC' end
            as timezone
    from {{ people }}
)

select
    newest.event_id,
    newest.user_id,
    newest.event_type,
    newest.source,
    newest.time as occurred_at,
    coalesce(
        newest.utc_offset,
        (newest.time at time zone coalesce(zones.timezone, 'UTC')) - (newest.time at time zone 'UTC')
    ) as utc_offset,
    newest.data,
    newest.metadata,
    newest.confidence,
    newest.ingested_at
from newest
left join zones on zones.user_id = newest.user_id
where not exists (
    select from tombstones
    where tombstones.user_id = newest.user_id
        and tombstones.event_id = newest.event_id
        and tombstones.deleted_at > newest.ingested_at
)
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
  of one payload, can tell the same day. Rows with data win over empty ones, then `first` (optional order), then
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
