{#-
  A table that keeps its identity: a rebuild empties and refills it in one transaction. dbt's own `table` swaps a new
  one in and drops the old one with `cascade`, which would take the api views with it, so that the read API
  would have nothing to read between the marts and the views. Readers see the old rows until the commit.

  Where names, types or constraints of the columns changed, or with --full-refresh, the table is made anew (indexes too).
-#}

{#- Whether a table that is there can take the rows of a query as it is. -#}
{% macro is_refillable(existing, sql) -%}
  {{ return(
      existing is not none and existing.is_table and not should_full_refresh()
      and same_columns(existing, sql) and same_constraints(existing)
  ) }}
{%- endmacro %}

{#- Whether a table has the primary key and the not-null constraints of the contract, where there is one. -#}
{% macro same_constraints(relation) -%}
  {%- if not config.get('contract').enforced -%}{{ return(true) }}{%- endif -%}
  {%- set key = model.constraints | selectattr('type', 'equalto', 'primary_key') | map(attribute='columns') | first | default([]) -%}
  {%- set filled = key | list -%}
  {%- for name, column in model.columns.items() if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
    {%- do filled.append(name) -%}
  {%- endfor -%}
  {%- set found = run_query(
      "select string_agg(attname, ',' order by array_position(indkey::int[], attnum::int)) filter (where attnum = any (indkey)),
           string_agg(attname, ',' order by attname collate \"C\") filter (where attnotnull)
       from pg_attribute left join pg_index on indrelid = attrelid and indisprimary
       where attrelid = '" ~ relation ~ "'::regclass and attnum > 0 and not attisdropped") -%}
  {{ return((found.columns[0][0] or '') == key | join(',') and (found.columns[1][0] or '') == filled | unique | sort(case_sensitive=true) | join(',')) }}
{%- endmacro %}

{#-
  Names of a table's columns, in their order. Not by the adapter's own method: each call of it makes all macros known
  anew, which takes as long as a small table takes to refill.
-#}
{% macro column_names(relation) -%}
  {%- set found = run_query(
      "select attname::text from pg_attribute
       where attrelid = to_regclass('" ~ relation ~ "') and attnum > 0 and not attisdropped order by attnum") -%}
  {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{#- The same as a list in SQL. -#}
{% macro quoted_names(names) -%}
  {%- for name in names -%}{{ adapter.quote(name) }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{% macro refill_sql(target, existing, sql) -%}
  {%- set columns = quoted_names(column_names(existing)) -%}
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
