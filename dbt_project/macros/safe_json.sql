{#-
  Reading JSON that somebody else wrote. A value of another type than expected becomes null: one odd
  payload must never stop the build for everybody. `value` is a jsonb expression, `text` a text expression.
-#}

{#- double precision; null for anything but a JSON number. Beyond 1e12 nothing is a measurement, and sums overflow. -#}
{% macro json_number(value, at_least='-1e12') -%}
  case when jsonb_typeof({{ value }}) = 'number' then
    case when ({{ value }} #>> '{}')::numeric between {{ at_least }} and 1e12
    then ({{ value }} #>> '{}')::double precision end
  end
{%- endmacro %}

{#- A measurement: Garmin writes -1 and -2 where nothing was measured. -#}
{% macro json_measurement(value) -%}
  {{ json_number(value, at_least='0') }}
{%- endmacro %}

{#- A measurement that cannot be zero in a living body: heart rate, weight, oxygen. -#}
{% macro json_positive(value) -%}
  nullif({{ json_number(value, at_least='0') }}, 0)
{%- endmacro %}

{#- integer; null for anything but a JSON number within the range of a 32-bit integer. -#}
{% macro json_integer(value) -%}
  case when jsonb_typeof({{ value }}) = 'number' then
    case when ({{ value }} #>> '{}')::numeric between -2147483647 and 2147483647
    then round(({{ value }} #>> '{}')::numeric)::integer end
  end
{%- endmacro %}

{#- Text that is not blank; null for anything but a JSON string. -#}
{% macro json_text(value) -%}
  case when jsonb_typeof({{ value }}) = 'string' then nullif(btrim({{ value }} #>> '{}'), '') end
{%- endmacro %}

{#- Text of a JSON string or number: identifiers come as both. -#}
{% macro json_label(value) -%}
  case when jsonb_typeof({{ value }}) in ('string', 'number', 'boolean') then nullif(btrim({{ value }} #>> '{}'), '') end
{%- endmacro %}

{#- The value if it is an array, else an empty array: safe below jsonb_array_elements. -#}
{% macro json_array(value) -%}
  case when jsonb_typeof({{ value }}) = 'array' then {{ value }} else '[]'::jsonb end
{%- endmacro %}

{#- The value if it is an object, else an empty object: safe below jsonb_each. -#}
{% macro json_object(value) -%}
  case when jsonb_typeof({{ value }}) = 'object' then {{ value }} else '{}'::jsonb end
{%- endmacro %}

{#- timestamptz from epoch milliseconds; null outside 1970 to 2100. -#}
{% macro json_epoch_ms(value) -%}
  case when jsonb_typeof({{ value }}) = 'number' then
    case when ({{ value }} #>> '{}')::numeric between 1 and 4102444800000
    then to_timestamp(({{ value }} #>> '{}')::double precision / 1000) end
  end
{%- endmacro %}

{#- How far a clock was ahead of UTC, from a number of some unit (seconds it has); null for what no zone on Earth has. -#}
{% macro json_clock_offset(value, unit_s) -%}
  case when {{ json_number(value) }} * {{ unit_s }} between -43200 and 50400
    then make_interval(secs => {{ json_number(value) }} * {{ unit_s }})
  end
{%- endmacro %}

{#- timestamp without zone from a text such as 2025-07-06 08:10:21 or 2025-07-06T08:10:21.0. -#}
{% macro safe_timestamp(text) -%}
  case
    when {{ text }} ~ '^(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d' and pg_input_is_valid({{ text }}, 'timestamp')
    then ({{ text }})::timestamp
  end
{%- endmacro %}

{#- date from a text that begins with YYYY-MM-DD; null outside 1900 to 2099. -#}
{% macro safe_date(text) -%}
  case
    when {{ text }} ~ '^(19|20)\d\d-\d\d-\d\d' and pg_input_is_valid(left({{ text }}, 10), 'date')
    then left({{ text }}, 10)::date
  end
{%- endmacro %}

{#- uuid from text, else null. -#}
{% macro safe_uuid(text) -%}
  case when pg_input_is_valid({{ text }}, 'uuid') then ({{ text }})::uuid end
{%- endmacro %}
