{#-
  What is done otherwise where the server has TimescaleDB: docs/timescaledb.md. The hypertable, the continuous aggregates and
  their policies are made by the migrations; `--vars '{timescale: false}'` builds as a server without them does.
-#}
{% macro has_timescaledb() -%}
  {#- What was known at a past instant is made as there: the hypertable holds what is known now. -#}
  {%- if not execute or not var('timescale', true) or as_of_var() is not none -%}
    {{ return(false) }}
  {%- endif -%}
  {{ return(run_query("select to_regclass('intraday.samples') is not null").columns[0][0]) }}
{%- endmacro %}

{#-
  Puts the days that this build made into the hypertable, in the transaction that made them, and notes the spans that the
  continuous aggregates owe. A day whose samples did not change is left alone: it would be aggregated again, for everybody.
-#}
{% macro fill_hypertable() -%}
  {%- if has_timescaledb() -%}
  {%- set days = 'changed_days' if is_incremental() else
      '(select user_id, day from ' ~ this ~ ' union select user_id, day from intraday.stored_days)' -%}
  create temp table days_to_store on commit drop as
  select days.user_id, days.day, stored.first_at, stored.last_at, made.fingerprint, made.from_at, made.to_at
  from {{ days }} as days
  left join intraday.stored_days as stored using (user_id, day)
  left join (
      select user_id, day,
          md5(string_agg(concat_ws(' ', measure, measured_at, clock_ahead_s, value, as_of), ' ' order by measure)) as fingerprint,
          min(measured_at[1]) as from_at, max(measured_at[cardinality(measured_at)]) as to_at
      from {{ this }}
      {%- if is_incremental() %}
      where (user_id, day) in (select user_id, day from changed_days)
      {%- endif %}
      group by user_id, day
  ) as made using (user_id, day)
  where stored.fingerprint is distinct from made.fingerprint;
  call intraday.store_days('{{ this }}');
  drop table days_to_store
  {%- endif -%}
{%- endmacro %}

{#- After the commit: TimescaleDB refreshes in transactions of its own. -#}
{% macro refresh_rollups() -%}
  {%- if has_timescaledb() -%}
  call intraday.refresh()
  {%- endif -%}
{%- endmacro %}

{#-
  A view that keeps its identity: replaced in place, so that what stands on it stays. dbt's own `view` drops the old one
  with `cascade`.
-#}
{% materialization lasting_view, adapter='postgres' %}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='view') -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- if existing is not none and not (existing.is_view and same_columns_in_order(existing, sql)) -%}
    {% do adapter.drop_relation(existing) %}
  {%- endif -%}
  {% call statement('main') -%}
    {% if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
    {%- endif %}
    create or replace view {{ target }} as (
      {{ sql }}
    );
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do persist_docs(target, model) %}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% macro same_columns_in_order(relation, sql) -%}
  {%- set shapes = [] -%}
  {%- for query in ['select * from ' ~ relation, sql] -%}
    {%- set shape = [] -%}
    {%- for column in get_column_schema_from_query(get_empty_subquery_sql(query)) -%}
      {%- do shape.append(column.name ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {%- do shapes.append(shape) -%}
  {%- endfor -%}
  {{ return(shapes[0] == shapes[1]) }}
{%- endmacro %}

{#-
  Hypertables with a columnstore and continuous aggregates take no row policies, so the owner of the api views may not read
  them. It reads this view instead, which has the rights of its owner and shows the session's person alone.
-#}
{% macro guard_view() -%}
  alter view {{ this }} set (security_barrier = true);
  grant select on {{ this }} to santorio_view_owner
{%- endmacro %}
