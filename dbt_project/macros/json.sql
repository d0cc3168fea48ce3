{# A payload's shape is somebody else's promise: what has another type than expected becomes null, so that one
   odd payload never stops the build for everybody. #}

{% macro number(value) -%}
case when jsonb_typeof({{ value }}) = 'number' then ({{ value }} #>> '{}')::double precision end
{%- endmacro %}

{# Garmin says "not measured" with -1 and -2. #}
{% macro measured(value) -%}
case when jsonb_typeof({{ value }}) = 'number' and ({{ value }} #>> '{}')::double precision >= 0
     then ({{ value }} #>> '{}')::double precision end
{%- endmacro %}

{% macro string(value) -%}
case when jsonb_typeof({{ value }}) = 'string' then {{ value }} #>> '{}' end
{%- endmacro %}

{% macro elements(value) -%}
jsonb_array_elements(case when jsonb_typeof({{ value }}) = 'array' then {{ value }} else '[]'::jsonb end)
{%- endmacro %}

{# Epoch milliseconds, UTC. #}
{% macro instant_of_ms(value) -%}
case when jsonb_typeof({{ value }}) = 'number' then to_timestamp(({{ value }} #>> '{}')::double precision / 1000) end
{%- endmacro %}

{# A date string without a zone that is known to be UTC: "2025-07-06 14:10:21", "2025-07-06T14:10:21.0". #}
{% macro instant_of_gmt(value) -%}
case when pg_input_is_valid(left({{ value }} #>> '{}', 19), 'timestamp')
     then left({{ value }} #>> '{}', 19)::timestamp at time zone 'UTC' end
{%- endmacro %}

{% macro offset_between(local, gmt) -%}
case when pg_input_is_valid(left({{ local }} #>> '{}', 19), 'timestamp')
      and pg_input_is_valid(left({{ gmt }} #>> '{}', 19), 'timestamp')
     then left({{ local }} #>> '{}', 19)::timestamp - left({{ gmt }} #>> '{}', 19)::timestamp end
{%- endmacro %}

{% macro day_of(value) -%}
case when pg_input_is_valid({{ value }}, 'date') then ({{ value }})::date end
{%- endmacro %}

{# Local calendar day of an instant: UTC plus what the person's clock showed. #}
{% macro local_day(instant, utc_offset) -%}
(({{ instant }} at time zone 'UTC') + coalesce({{ utc_offset }}, interval '0'))::date
{%- endmacro %}

{% macro slug(value) -%}
trim(both '_' from regexp_replace(lower({{ value }}), '[^a-z0-9]+', '_', 'g'))
{%- endmacro %}
