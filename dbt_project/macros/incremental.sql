{#-
  Incremental models whose rows depend on one event, on one person-day, or on one person: three incremental strategies
  for dbt's own materialization `incremental`. Each rebuilds exactly the rows that a change reaches, whatever their age.

    by_event   rows of changed events are deleted and inserted again; their days are recorded as changed
    by_day     rows of changed person-days are deleted and inserted again
    by_person  all rows of a person are computed, and only those that differ are written; their days are recorded. Only
               for people of whom an input of the model changed

  What changed stands in ops.changed_events (set when the build is planned), ops.changed_days (grows while the build
  goes on: a row that moves to another day changes both) and ops.changed_people (who has changed rows in which model;
  under the name '' who has changes at all). All three stay until a build has made every model, so that after a failure
  the next one completes the work.

  A model's SQL reads its inputs by `changed_events`, `changed_days` or `changed_people`. In a full build, and in unit
  tests, these are the plain relations: a full build gives the same rows.
-#}

{#-
  How the build that is under way makes a model: 'incremental' (the rows that changed) or 'full', where santorio has not
  planned this run (dbt run by hand), the model's logic changed, or everything is requested. The plan comes in the
  environment: asked of the database, it was two queries a model and one a test.
-#}
{% macro build_mode(name) -%}
  {%- set planned = dbt_metadata_envs.get('SANTORIO_INCREMENTAL', '') -%}
  {%- if not execute or flags.FULL_REFRESH or as_of_var() is not none or name not in planned.split() -%}
    {{ return('full') }}
  {%- endif -%}
  {{ return('incremental') }}
{%- endmacro %}

{#- dbt's own question, answered by the plan of the build: whether only changed rows of this model are built. -#}
{% macro is_incremental() -%}
  {{ return(
      model.resource_type == 'model' and model.config.materialized == 'incremental'
      and build_mode(model.name) == 'incremental' and load_cached_relation(this) is not none
  ) }}
{%- endmacro %}

{#-
  dbt's own question: whether the materialization replaces the table. Not where the table can take the new rows: it is
  then emptied and filled (truncate_insert.sql), and the views on it stay.
-#}
{% macro should_full_refresh() -%}
  {%- if flags.FULL_REFRESH -%}{{ return(true) }}{%- endif -%}
  {%- if not execute or model.config.materialized != 'incremental' or is_incremental() -%}{{ return(false) }}{%- endif -%}
  {#- Asked several times a model. -#}
  {%- if 'is_replaced' not in model -%}
    {%- do model.update({'is_replaced': not can_take_rows(load_cached_relation(this), model.compiled_code)}) -%}
  {%- endif -%}
  {{ return(model.is_replaced) }}
{%- endmacro %}

{#- The instant as of which everything is requested (`--vars`); none for all that is known now. -#}
{% macro as_of_var() -%}
  {{ return(var('as_of', none)) }}
{%- endmacro %}

{#-
  Condition on rows of the log: versions ingested by the instant of the build's plan, so that what arrives while it goes
  on is in none of its models; or by the instant of `as_of`.
-#}
{% macro ingested_before_build(ingested_at) -%}
  {%- set instant = as_of_var() or dbt_metadata_envs.get('SANTORIO_KNOWN_AT') -%}
  {%- if execute and instant -%} {{ ingested_at }} <= '{{ instant }}'::timestamptz {%- else -%} true {%- endif -%}
{%- endmacro %}

{#- Rows of a relation (with event_id) whose events changed since the last build; all of them in a full build. -#}
{% macro changed_events(relation) -%}
  {%- if is_incremental() -%}
    {#- As an array: it is a condition that reaches the indexes on event_id through every view. As a join the planner takes it last,
        for it thinks that the join of versions with the log gives one row: one day of breathing then unpacked the
        payloads of three years (129,000 blocks for 180). -#}
    {{ return('(select * from ' ~ relation ~ ' where event_id = any (array(select event_id from ops.changed_events)))') }}
  {%- endif -%}
  {{ return(relation) }}
{%- endmacro %}

{#- Rows of a relation (with user_id and day) about the person-days that changed, and days beside them. -#}
{% macro changed_days(relation, before=0, after=0, day='day') -%}
  {%- if not is_incremental() -%}
    {{ return(relation) }}
  {%- endif -%}
  {%- set near = 'select user_id, day from changed_days' -%}
  {%- if before or after -%}
    {%- set near = 'select user_id, day + shift from changed_days, generate_series(' ~ -before ~ ', ' ~ after ~ ') as shift' -%}
  {%- endif -%}
  {{ return('(select * from ' ~ relation ~ ' where (user_id, ' ~ day ~ ') in (' ~ near ~ '))') }}
{%- endmacro %}

{#- Rows of a relation (with user_id) of the people of whom anything changed that this model reads. -#}
{% macro changed_people(relation) -%}
  {%- if is_incremental() -%}
    {{ return('(select * from ' ~ relation ~ ' where user_id = any (array(select user_id from changed_people)))') }}
  {%- endif -%}
  {{ return(relation) }}
{%- endmacro %}

{#-
  Pre-hook: what changed up to here, in a table of this model's transaction. Models that are built at the same time add
  to it, and this one must read and delete the same days.
-#}
{% macro snapshot_changes() -%}
  {%- if not is_incremental() -%}{{ return('') }}{%- endif -%}
  {%- if config.get('incremental_strategy') == 'by_day' -%}
    create temp table changed_days on commit drop as select user_id, day from ops.changed_days;
    analyze changed_days
  {%- elif config.get('incremental_strategy') == 'by_person' -%}
    create temp table changed_people on commit drop as
    select distinct user_id from ops.changed_people
    where model in ({{ csv_literals(changing_inputs(model.depends_on.nodes) | unique) }});
    analyze changed_people
  {%- endif -%}
{%- endmacro %}

{#-
  The strategies. dbt has put the new rows into `temp_relation`, within the model's transaction; the table shows the old
  ones until it commits.
-#}
{% macro get_incremental_by_event_sql(arg_dict) -%}
  {%- set deleted = 'built.event_id in (select event_id from ops.changed_events)' -%}
  {{ return(replace_rows_sql(arg_dict, deleted, inserted='true')) }}
{%- endmacro %}

{% macro get_incremental_by_day_sql(arg_dict) -%}
  {%- set deleted = '(built.user_id, built.day) in (select user_id, day from changed_days)' -%}
  {%- set inserted = '(fresh.user_id, fresh.day) in (select user_id, day from changed_days)' -%}
  {{ return(replace_rows_sql(arg_dict, deleted, inserted)) }}
{%- endmacro %}

{% macro get_incremental_by_person_sql(arg_dict) -%}
  {%- set columns = arg_dict.dest_columns | map(attribute='quoted') | list -%}
  {#- As records, in which nulls are equal to each other. PostgreSQL joins records by sorting or by comparing each pair of
      a person's rows, and takes the pairs: 10 years of laps took minutes. It joins their hashes by hash. -#}
  {%- set fresh_row = 'row(fresh.' ~ columns | join(', fresh.') ~ ')::record' -%}
  {%- set built_row = 'row(built.' ~ columns | join(', built.') ~ ')::record' -%}
  {%- set is_same -%}
    fresh.user_id = built.user_id
      and hash_record_extended({{ fresh_row }}, 0) = hash_record_extended({{ built_row }}, 0) and {{ fresh_row }} = {{ built_row }}
  {%- endset -%}
  {%- set deleted -%}
    built.user_id = any (array(select user_id from changed_people))
      and not exists (select from {{ arg_dict.temp_relation }} as fresh where {{ is_same }})
  {%- endset -%}
  {%- set inserted -%}
    not exists (select from {{ arg_dict.target_relation }} as built where {{ is_same }})
  {%- endset -%}
  {{ return(replace_rows_sql(arg_dict, deleted, inserted)) }}
{%- endmacro %}

{#- Replaces rows, and records whose they are and on which days they lie. -#}
{% macro replace_rows_sql(arg_dict, deleted, inserted) -%}
  {%- if not is_incremental() -%}
    {{ return(truncate_insert_sql(arg_dict)) }}
  {%- endif -%}
  {%- set target, temp = arg_dict.target_relation, arg_dict.temp_relation -%}
  {%- set columns = arg_dict.dest_columns | map(attribute='quoted') | join(', ') -%}
  {%- set days = recorded_days() -%}
  {%- set rows_days = values_list(days or ['null::date']) -%}
  {%- set sql -%}
    create temp table changed_rows (user_id uuid, day date) on commit drop;
    with deleted as (delete from {{ target }} as built where {{ deleted }} returning built.*)
    insert into changed_rows
    select deleted.user_id, days.day from deleted cross join lateral (values {{ rows_days }}) as days (day);
    with inserted as (
      insert into {{ target }} ({{ columns }})
      select {{ columns }} from {{ temp }} as fresh where {{ inserted }}
      returning *
    )
    insert into changed_rows
    select inserted.user_id, days.day from inserted cross join lateral (values {{ rows_days }}) as days (day);
    insert into ops.changed_people (model, user_id)
    select distinct '{{ model.name }}', user_id from changed_rows where user_id is not null on conflict do nothing;
    {% if days -%}
    -- In one order, and not what is there: models that record the same days at once must not wait for each other in a circle.
    insert into ops.changed_days (user_id, day)
    select distinct user_id, day from changed_rows
    where user_id is not null and day is not null
        and not exists (select from ops.changed_days as recorded where (recorded.user_id, recorded.day) = (changed_rows.user_id, changed_rows.day))
    order by user_id, day
    on conflict do nothing;
    {%- endif %}
    drop table changed_rows;
    drop table {{ temp }}
  {%- endset -%}
  {{ return(sql) }}
{%- endmacro %}

{#- Expressions for the days that a changed row lies on; a model by day changes no other days than those that changed. -#}
{% macro recorded_days() -%}
  {%- if config.get('incremental_strategy') == 'by_day' -%}{{ return([]) }}{%- endif -%}
  {{ return(config.get('days', ['day'] if 'day' in model.columns else [])) }}
{%- endmacro %}

{#- Names of the incremental models behind some nodes; '' for a source. Views only pass on what is behind them. -#}
{% macro changing_inputs(node_ids) -%}
  {%- set names = [] -%}
  {%- for node_id in node_ids -%}
    {%- set node = graph.nodes.get(node_id) -%}
    {%- if node is none or node is undefined -%}
      {%- do names.append('') -%}
    {%- elif node.config.materialized == 'incremental' -%}
      {%- do names.append(node.name) -%}
    {%- elif node.resource_type != 'seed' -%}
      {%- do names.extend(changing_inputs(node.depends_on.nodes)) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(names) }}
{%- endmacro %}

{#-
  Post-hook, in the model's transaction: which logic built what is there now. That of the plan, in the build that is
  under way; else unknown, so that the next plan builds it again. A build that another one has overtaken is rolled back.
-#}
{% macro record_build() -%}
  {%- set build = dbt_metadata_envs.get('SANTORIO_BUILD') -%}
  {%- if build and as_of_var() is none %}
    do $$ begin
      update ops.models set built_in = planned_in, built_at = clock_timestamp()
      where model = '{{ model.name }}' and planned_in = '{{ build }}';
      if not found then
        raise exception 'This build of {{ model.name }} is not the one under way.';
      end if;
    end $$
  {%- elif as_of_var() is none %}
    insert into ops.models (model, built_at) values ('{{ model.name }}', clock_timestamp())
    on conflict (model) do update set built_fingerprint = null, built_in = null, built_at = excluded.built_at
  {%- endif %}
{%- endmacro %}

{#-
  Post-hook of tables that were built in full: the indexes of the configuration, and those by which a changed row is
  looked up, where no index begins with its columns.
-#}
{% macro finish_table() -%}
  {%- if model.config.materialized != 'incremental' or is_incremental() -%}{{ return('') }}{%- endif -%}
  {%- set found = run_query(
      "select string_agg(attname, ',' order by position) from pg_index
       cross join lateral unnest(indkey::int[]) with ordinality as key (number, position)
       inner join pg_attribute on attrelid = indrelid and attnum = number
       where indrelid = '" ~ this ~ "'::regclass and indpred is null group by indexrelid") -%}
  {%- set keys = found.columns[0].values() | list if found | length else [] -%}
  {%- for index in config.get('indexes', []) if index.columns | join(',') not in keys %}
    create {{ 'unique' if index.unique }} index on {{ this }} ({{ index.columns | join(', ') }});
    {%- do keys.append(index.columns | join(',')) -%}
  {%- endfor -%}
  {%- set wanted = ['event_id'] if config.get('incremental_strategy') == 'by_event' else [] -%}
  {%- do wanted.append('user_id,day' if 'day' in model.columns else 'user_id') -%}
  {%- for key in wanted -%}
    {%- set served = namespace(is_so=false) -%}
    {%- for other in keys if (other ~ ',').startswith(key ~ ',') -%}{%- set served.is_so = true -%}{%- endfor -%}
    {%- if not served.is_so %}
    create index on {{ this }} ({{ key }});
    {%- endif -%}
  {%- endfor %}
    analyze {{ this }}
{%- endmacro %}

{#-
  dbt comments tables and columns at every run; here once, when a table is built in full. In one statement, and without
  dbt's two queries for the columns that are there: of the twelve statements of a full build of a model three were these.
  A described column that is not there is an error.
-#}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
  {%- if is_incremental() -%}{{ return('') }}{%- endif -%}
  {%- set comments = [] -%}
  {%- if for_relation and config.persist_relation_docs() and model.description -%}
    {%- do comments.append(alter_relation_comment(relation, model.description)) -%}
  {%- endif -%}
  {%- if for_columns and config.persist_column_docs() -%}
    {%- for column in model.columns.values() -%}
      {%- set comment = postgres_escape_comment(column.description) -%}
      {%- do comments.append('comment on column ' ~ relation ~ '.' ~ adapter.quote(column.name) ~ ' is ' ~ comment ~ ';') -%}
    {%- endfor -%}
  {%- endif -%}
  {%- if comments -%}{%- do run_query(comments | join('\n')) -%}{%- endif -%}
{%- endmacro %}

{#-
  The rows that a test looks at: of a model of which a build rebuilt what is touched, those; else all. dbt puts this
  around the `model` of every generic test.
-#}
{% macro get_where_subquery(relation) -%}
  {%- set where = config.get('where', '') -%}
  {%- set rows = rows_to_test(relation) -%}
  {%- if where -%}
    {{ return('(select * from ' ~ rows ~ ' as tested where ' ~ where ~ ') as dbt_subquery') }}
  {%- endif -%}
  {{ return(rows) }}
{%- endmacro %}

{% macro rows_to_test(relation) -%}
  {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ relation.identifier) if execute else none -%}
  {%- if not node or build_mode(node.name) != 'incremental' -%}
    {{ return(relation) }}
  {%- endif -%}
  {%- set strategy = node.config.incremental_strategy -%}
  {%- if strategy == 'by_day' -%}
    {%- set changed = '(user_id, day) in (select user_id, day from ops.changed_days)' -%}
  {%- elif strategy == 'by_person' -%}
    {%- set changed = "user_id in (select user_id from ops.changed_people where model = '" ~ node.name ~ "')" -%}
  {%- elif 'event_id' in node.columns -%}
    {%- set changed = 'event_id = any (array(select event_id from ops.changed_events))' -%}
  {%- else -%}
    {{ return(relation) }}
  {%- endif -%}
  {{ return('(select * from ' ~ relation ~ ' where ' ~ changed ~ ')') }}
{%- endmacro %}

{#- Names as literals of SQL: 'a', 'b'. -#}
{% macro csv_literals(names) -%}
  '{{ names | join("', '") }}'
{%- endmacro %}

{#- Expressions as rows of a `values` clause: (a), (b). -#}
{% macro values_list(expressions) -%}
  ({{ expressions | join('), (') }})
{%- endmacro %}
