{#-
  A table that keeps its identity: a rebuild empties and refills it in one transaction. dbt's own `table` swaps a new
  one in and drops the old one with `cascade`, which would take the api views with it, so that the read API
  would have nothing to read between the marts and the views. Readers see the old rows until the commit.

  Where names or types of the columns changed, or with --full-refresh, the table is made anew (constraints and indexes
  too); the api views come back when they are built next.
-#}

{#- Whether a table that is there can take the rows of a query as it is. -#}
{% macro is_refillable(existing, sql) -%}
  {{ return(existing is not none and existing.is_table and not should_full_refresh() and same_columns(existing, sql)) }}
{%- endmacro %}

{% macro refill_sql(target, existing, sql) -%}
  {%- set columns = adapter.get_columns_in_relation(existing) | map(attribute='quoted') | join(', ') -%}
  delete from {{ target }};
  insert into {{ target }} ({{ columns }}) select {{ columns }} from ({{ sql }}) as fresh;
{%- endmacro %}

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

{#- In place of dbt's own, which asks information_schema several times a model: ten times as long as the catalogue takes. -#}
{% macro postgres__get_columns_in_relation(relation) -%}
  {% call statement('get_columns_in_relation', fetch_result=True) -%}
    select attname, format_type(atttypid, null), null, null, null
    from pg_attribute
    where attrelid = to_regclass('{{ relation }}') and attnum > 0 and not attisdropped
    order by attnum
  {%- endcall %}
  {{ return(sql_convert_columns_in_relation(load_result('get_columns_in_relation').table)) }}
{%- endmacro %}
