{#-
  A full build empties and fills a table that is there, in one transaction: readers see the old rows until the commit, and
  the views on the table stay. dbt's own full refresh swaps a new table in and drops the old one with `cascade`.

  Where names, types or constraints of the columns changed, or with --full-refresh, dbt replaces the table.
-#}

{#- Whether a table that is there can take the rows of a query as it is. -#}
{% macro can_take_rows(existing, sql) -%}
  {{ return(
      existing is not none and existing.is_table and same_columns(existing, sql) and same_constraints(existing)
  ) }}
{%- endmacro %}

{% macro truncate_insert_sql(arg_dict) -%}
  {%- set columns = arg_dict.dest_columns | map(attribute='quoted') | join(', ') -%}
  {%- set sql -%}
    delete from {{ arg_dict.target_relation }};
    insert into {{ arg_dict.target_relation }} ({{ columns }}) select {{ columns }} from {{ arg_dict.temp_relation }};
    drop table {{ arg_dict.temp_relation }}
  {%- endset -%}
  {{ return(sql) }}
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
