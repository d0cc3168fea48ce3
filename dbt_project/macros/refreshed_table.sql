{#-
  A table that keeps its identity: a rebuild empties and refills it in one transaction. dbt's own `table` swaps a new
  one in and drops the old one with `cascade`, which would take the api views with it, so that the read API
  would have nothing to read between the marts and the views. Readers see the old rows until the commit.

  Where names or types of the columns changed, or with --full-refresh, the table is made anew (constraints and indexes
  too); the api views come back when they are built next.
-#}
{% materialization refreshed_table, adapter='postgres' %}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='table') -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {%- set refill = existing is not none and existing.is_table and not should_full_refresh()
      and same_columns(existing, sql) -%}
  {%- if existing is not none and not refill -%}
    {% do adapter.drop_relation(existing) %}
  {%- endif -%}

  {% if refill %}
    {%- set columns = adapter.get_columns_in_relation(existing) | map(attribute='quoted') | join(', ') -%}
    {% call statement('main') -%}
      delete from {{ target_relation }};
      insert into {{ target_relation }} ({{ columns }}) select {{ columns }} from ({{ sql }}) as fresh;
    {%- endcall %}
  {% else %}
    {% call statement('main') -%}
      {{ get_create_table_as_sql(False, target_relation, sql) }}
    {%- endcall %}
    {% do create_indexes(target_relation) %}
  {% endif %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do persist_docs(target_relation, model) %}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}

  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- Whether a query gives the columns that a table has: names and types, in whatever order. -#}
{% macro same_columns(relation, sql) -%}
  {%- set of_table = get_column_schema_from_query(get_empty_subquery_sql('select * from ' ~ relation)) -%}
  {%- set of_query = get_column_schema_from_query(get_empty_subquery_sql(sql)) -%}
  {%- set known = [] -%}
  {%- for column in of_table -%}{%- do known.append(column.name ~ ' ' ~ column.data_type) -%}{%- endfor -%}
  {%- set wanted = [] -%}
  {%- for column in of_query -%}{%- do wanted.append(column.name ~ ' ' ~ column.data_type) -%}{%- endfor -%}
  {{ return(known | sort == wanted | sort) }}
{%- endmacro %}
