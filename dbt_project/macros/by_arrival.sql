{#-
  Incremental by arrival. A model says how far one arrival reaches in it, and its materialization rebuilds exactly those
  rows, whatever their age:

    by_event   a row depends on one event       rows of touched events are deleted and made again; their days are noted
    by_day     a row depends on a person's day  rows of touched person-days are deleted and made again
    by_person  a row depends on all of a person the person is computed anew, and only rows that differ are written; their
                                                days are noted. Only people of whom an input of the model changed

  What is touched stands in ops.changed_events (set when the build is planned, the same throughout), ops.changed_days
  (grows while the build goes on: what moved to another day touches both) and ops.changed_people (who has changed rows
  in which model; under the name '' who has arrivals at all). All three stay until a build has made every model, so that
  after a failure the next one makes good.

  The model's SQL wraps its inputs in `changed`, `days_of` or `people_of`. In a full build, and in unit tests, these are
  the plain relations: a full build gives the same rows.
-#}

{#-
  How the build that is under way makes a model: 'incremental', or 'full' where santorio has not planned this run (dbt run by
  hand), the model's logic changed, or all is asked for.
-#}
{% macro mode_of(name) -%}
  {%- set build = dbt_metadata_envs.get('SANTORIO_BUILD') -%}
  {%- if not execute or not build or flags.FULL_REFRESH or known_as_of() is not none -%}
    {{ return('full') }}
  {%- endif -%}
  {#- Asked for once a node, whose SQL may ask for each of twenty inputs. -#}
  {%- set known = model.setdefault('modes_of_arrival', {}) -%}
  {%- if name not in known -%}
    {%- set found = run_query("select mode from ops.models where model = '" ~ name ~ "' and planned_in = '" ~ build ~ "'") -%}
    {%- do known.update({name: found.columns[0][0] if found | length else 'full'}) -%}
  {%- endif -%}
  {{ return(known[name]) }}
{%- endmacro %}

{#- Whether only what is touched of this model is made again. -#}
{% macro is_touched() -%}
  {{ return(
      model.resource_type == 'model' and model.config.materialized in ['by_event', 'by_day', 'by_person']
      and mode_of(model.name) == 'incremental' and load_cached_relation(this) is not none
  ) }}
{%- endmacro %}

{#- The instant as known at which everything is asked for; none for what is known now. -#}
{% macro known_as_of() -%}
  {{ return(var('as_of', none)) }}
{%- endmacro %}

{#-
  Condition on rows of the log: versions that had come in by the instant asked for. A planned build asks for the instant
  of its plan, so that what arrives while it goes on is in none of its models.
-#}
{% macro has_arrived(ingested_at) -%}
  {%- set instant = known_as_of() or dbt_metadata_envs.get('SANTORIO_KNOWN_AT') -%}
  {%- if execute and instant -%} {{ ingested_at }} <= '{{ instant }}'::timestamptz {%- else -%} true {%- endif -%}
{%- endmacro %}

{#- Rows of a relation (with event_id) whose events changed since the last build; all of them in a full build. -#}
{% macro changed(relation) -%}
  {%- if is_touched() -%}
    {#- As an array: it is a condition that reaches the indexes on event_id through every view. As a join the planner takes it last,
        for it thinks that the join of versions with the log gives one row: one day of breathing then unpacked the
        payloads of three years (129,000 blocks for 180). -#}
    {{ return('(select * from ' ~ relation ~ ' where event_id = any (array(select event_id from ops.changed_events)))') }}
  {%- endif -%}
  {{ return(relation) }}
{%- endmacro %}

{#- Rows of a relation (with user_id and day) about the person-days that changed, and days beside them. -#}
{% macro days_of(relation, before=0, after=0, day='day') -%}
  {%- if not is_touched() -%}
    {{ return(relation) }}
  {%- endif -%}
  {%- set near = 'select user_id, day from changed_days' -%}
  {%- if before or after -%}
    {%- set near = 'select user_id, day + shift from changed_days, generate_series(' ~ -before ~ ', ' ~ after ~ ') as shift' -%}
  {%- endif -%}
  {{ return('(select * from ' ~ relation ~ ' where (user_id, ' ~ day ~ ') in (' ~ near ~ '))') }}
{%- endmacro %}

{#- Rows of a relation (with user_id) of the people of whom anything changed that this model reads. -#}
{% macro people_of(relation) -%}
  {%- if is_touched() -%}
    {{ return('(select * from ' ~ relation ~ ' where user_id = any (array(select user_id from changed_people)))') }}
  {%- endif -%}
  {{ return(relation) }}
{%- endmacro %}

{% materialization by_event, adapter='postgres' %}
  {{ return(made_by_arrival('by_event', sql)) }}
{% endmaterialization %}

{% materialization by_day, adapter='postgres' %}
  {{ return(made_by_arrival('by_day', sql)) }}
{% endmaterialization %}

{% materialization by_person, adapter='postgres' %}
  {{ return(made_by_arrival('by_person', sql)) }}
{% endmaterialization %}

{#- All of one model in one transaction: its rows, what they touch further on, and which logic made them. -#}
{% macro made_by_arrival(grain, sql) -%}
  {%- set target = this.incorporate(type='table') -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if is_touched() %}
    {% do remake_changed_rows(grain, target, sql) %}
  {% else %}
    {% do make_all_rows(grain, target, sql) %}
  {% endif %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% if not is_touched() %}
    {% do persist_docs(target, model) %}
  {% endif %}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{%- endmacro %}

{#- The table keeps its identity, and readers see the old rows until the commit. -#}
{% macro make_all_rows(grain, target, sql) -%}
  {%- set existing = load_cached_relation(this) -%}
  {% if is_refillable(existing, sql) %}
    {% call statement('main') -%}
      {{ refill_sql(target, existing, sql) }}
    {%- endcall %}
  {% else %}
    {%- if existing is not none -%}
      {% do adapter.drop_relation(existing) %}
    {%- endif -%}
    {% call statement('main') -%}
      {{ get_create_table_as_sql(False, target, sql) }}
    {%- endcall %}
  {% endif %}
  {% do create_missing_indexes(grain, target) %}
  {% call statement('noted') -%}
    analyze {{ target }};
    {{ note_built() }}
  {%- endcall %}
{%- endmacro %}

{#-
  The indexes of the configuration, and what a touched build looks rows up by, where no index begins with it: those that
  are not there. A table that is refilled may come from a version that did not have them.
-#}
{% macro create_missing_indexes(grain, target) -%}
  {%- set columns = column_names(target) -%}
  {%- set found = run_query(
      "select string_agg(attname, ',' order by place), indisunique from pg_index
       cross join lateral unnest(indkey::int[]) with ordinality as key (number, place)
       inner join pg_attribute on attrelid = indrelid and attnum = number
       where indrelid = '" ~ target ~ "'::regclass and indpred is null group by indexrelid, indisunique") -%}
  {%- set there = found.columns[0].values() | list -%}
  {%- set created = [] -%}
  {%- for index in config.get('indexes', []) -%}
    {%- set key = index.columns | join(',') -%}
    {%- if key not in there -%}
      {%- do created.append(key) -%}
      {% call statement('configured_index') -%}
        create {{ 'unique' if index.unique }} index on {{ target }} ({{ key }})
      {%- endcall %}
    {%- endif -%}
  {%- endfor -%}
  {%- set wanted = ['event_id'] if grain == 'by_event' else [] -%}
  {%- do wanted.append('user_id,day' if 'day' in columns else 'user_id') -%}
  {%- for key in wanted -%}
    {%- set served = namespace(is_so=false) -%}
    {%- for one in there + created if (one ~ ',').startswith(key ~ ',') -%}{%- set served.is_so = true -%}{%- endfor -%}
    {%- if not served.is_so -%}
      {% call statement('index_of_arrivals') -%}
        create index on {{ target }} ({{ key }})
      {%- endcall %}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}

{% macro remake_changed_rows(grain, target, sql) -%}
  {%- set columns = column_names(target) -%}
  {%- set days = days_noted(grain, columns) -%}
  {%- set is_needed = true -%}
  {%- if grain == 'by_day' -%}
    {% do snapshot_changed_days() %}
  {%- elif grain == 'by_person' -%}
    {%- set is_needed = snapshot_changed_people() > 0 -%}
  {%- endif -%}
  {% call statement('main') -%}
    {% if is_needed %}
    create temp table noted (user_id uuid, day date) on commit drop;
    {{ replace_sql(grain, target, quoted_names(columns), days, sql) }}
    insert into ops.changed_people (model, user_id)
    select distinct '{{ model.name }}', user_id from noted where user_id is not null on conflict do nothing;
    {% if days %}
    -- In one order, and not what is there: models that note the same days at once must not wait for each other in a circle.
    insert into ops.changed_days (user_id, day)
    select distinct user_id, day from noted
    where user_id is not null and day is not null
        and not exists (select from ops.changed_days as known where (known.user_id, known.day) = (noted.user_id, noted.day))
    order by user_id, day
    on conflict do nothing;
    {% endif %}
    drop table noted;
    {% endif %}
    {{ note_built() }}
  {%- endcall %}
{%- endmacro %}

{#- The statements that put new rows for old and note whose they are. -#}
{% macro replace_sql(grain, target, columns, days, sql) -%}
  {%- set noted = days or ['null::date'] -%}
  {%- set differs = none -%}
  {%- if grain == 'by_event' -%}
    {%- set gone = 'made.event_id in (select event_id from ops.changed_events)' -%}
    {%- set fresh = sql -%}
    {%- set added = 'true' -%}
  {%- elif grain == 'by_day' -%}
    {%- set gone = '(made.user_id, made.day) in (select user_id, day from changed_days)' -%}
    {%- set fresh = sql -%}
    {%- set added = '(fresh.user_id, fresh.day) in (select user_id, day from changed_days)' -%}
  {%- else -%}
    create temp table computed on commit drop as select {{ columns }} from ({{ sql }}) as fresh;
    {%- set gone = 'made.user_id = any (array(select user_id from changed_people))
        and not exists (select from computed where (computed.*)::record = (made.*)::record)' -%}
    {%- set fresh = 'select * from computed' -%}
    {%- set added = 'not exists (
        select from ' ~ target ~ ' as made where made.user_id = fresh.user_id and (made.*)::record = (fresh.*)::record)' -%}
  {%- endif %}
    with gone as (delete from {{ target }} as made where {{ gone }} returning made.*)
    insert into noted select gone.user_id, days.day from gone cross join lateral (values {{ parenthesised(noted) }}) as days (day);
    with added as (
      insert into {{ target }} ({{ columns }})
      select {{ columns }} from (
        {{ fresh }}
      ) as fresh where {{ added }}
      returning *
    )
    insert into noted select added.user_id, days.day from added cross join lateral (values {{ parenthesised(noted) }}) as days (day);
  {%- if grain == 'by_person' %}
    drop table computed;
  {%- endif %}
{%- endmacro %}

{% macro parenthesised(expressions) -%}
  {%- for expression in expressions -%}({{ expression }}){{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{#- Expressions for the days that a changed row touches; a model by day changes no other days than those touched. -#}
{% macro days_noted(grain, columns) -%}
  {%- if grain == 'by_day' -%}{{ return([]) }}{%- endif -%}
  {{ return(config.get('days', ['day'] if 'day' in columns else [])) }}
{%- endmacro %}

{#- The touched days as they are now: models beside this one add to them. -#}
{% macro snapshot_changed_days() -%}
  {% call statement('snapshot') -%}
    create temp table changed_days on commit drop as select user_id, day from ops.changed_days;
    analyze changed_days
  {%- endcall %}
{%- endmacro %}

{#- People of whom something changed in the models that this one reads, and how many they are. -#}
{% macro snapshot_changed_people() -%}
  {% call statement('snapshot', fetch_result=True) -%}
    create temp table changed_people on commit drop as
    select distinct user_id from ops.changed_people where model in ('{{ changing_inputs(model.depends_on.nodes) | unique | join("', '") }}');
    analyze changed_people;
    select count(*) from changed_people
  {%- endcall %}
  {{ return(load_result('snapshot').data[0][0]) }}
{%- endmacro %}

{#- Names of the incremental models behind some nodes; '' for a source. Views only pass on what is behind them. -#}
{% macro changing_inputs(node_ids) -%}
  {%- set names = [] -%}
  {%- for node_id in node_ids -%}
    {%- set node = graph.nodes.get(node_id) -%}
    {%- if node is none or node is undefined -%}
      {%- do names.append('') -%}
    {%- elif node.config.materialized in ['by_event', 'by_day', 'by_person'] -%}
      {%- do names.append(node.name) -%}
    {%- elif node.resource_type != 'seed' -%}
      {%- do names.extend(changing_inputs(node.depends_on.nodes)) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(names) }}
{%- endmacro %}

{#-
  Which logic made what is there now: that of the plan, in the build that is under way; else unknown, so that the next
  plan makes it again. A build that another one has overtaken comes to nothing.
-#}
{% macro note_built() -%}
  {%- set build = dbt_metadata_envs.get('SANTORIO_BUILD') -%}
  {%- if build and known_as_of() is none %}
    do $$ begin
      update ops.models set built_in = planned_in, built_at = clock_timestamp()
      where model = '{{ model.name }}' and planned_in = '{{ build }}';
      if not found then
        raise exception 'This build of {{ model.name }} is not the one under way.';
      end if;
    end $$;
  {%- elif known_as_of() is none %}
    insert into ops.models (model, built_at) values ('{{ model.name }}', clock_timestamp())
    on conflict (model) do update set built_fingerprint = null, built_in = null, built_at = excluded.built_at;
  {%- endif %}
{%- endmacro %}

{#- The same for views and whatever else dbt makes in its own way, by a post-hook. -#}
{% macro note_made() -%}
  {%- if model.config.materialized not in ['by_event', 'by_day', 'by_person'] -%}{{ note_built() }}{%- endif -%}
{%- endmacro %}

{#-
  The rows that a test looks at: of a model of which a build made again what is touched, those; else all. dbt puts this
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
  {%- if not node or mode_of(node.name) != 'incremental' -%}
    {{ return(relation) }}
  {%- endif -%}
  {%- set grain = node.config.materialized -%}
  {%- if grain == 'by_day' -%}
    {%- set touched = '(user_id, day) in (select user_id, day from ops.changed_days)' -%}
  {%- elif grain == 'by_person' -%}
    {%- set touched = "user_id in (select user_id from ops.changed_people where model = '" ~ node.name ~ "')" -%}
  {%- elif 'event_id' in node.columns -%}
    {%- set touched = 'event_id = any (array(select event_id from ops.changed_events))' -%}
  {%- else -%}
    {{ return(relation) }}
  {%- endif -%}
  {{ return('(select * from ' ~ relation ~ ' where ' ~ touched ~ ')') }}
{%- endmacro %}
