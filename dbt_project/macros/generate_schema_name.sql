{#-
  The schemas are called staging, intermediate, marts and api everywhere, without the target's prefix. What was known at
  a past instant is built beside them: past_staging, past_intermediate, past_marts.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- set name = custom_schema_name | trim if custom_schema_name is not none else target.schema -%}
  {#- A seed has no past: it holds what is known of metrics, not of a person. -#}
  {{ 'past_' ~ name if target.name == 'past' and node.resource_type != 'seed' else name }}
{%- endmacro %}
