{#-
  The first value that any recording of an activity tells: the API before the file, then the one with figures, then
  the longest, then the newest.
-#}
{% macro first_told(column) -%}
  (array_agg({{ column }} order by priority, has_data desc, duration_s desc nulls last, ingested_at desc, activity_id)
            filter (where {{ column }} is not null))[1]
{%- endmacro %}
