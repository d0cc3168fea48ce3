{#- The schemas are called staging, intermediate, marts and api everywhere, without the target's prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ custom_schema_name | trim if custom_schema_name is not none else target.schema }}
{%- endmacro %}
