{#-
  Post-hooks, run in the transaction that builds the relation: there is no moment at which rows can be read unguarded.
  The roles are made by the database's migrations.
-#}

{#- The id of the person whose rows this session may see; null (so: no rows) when unset or empty. -#}
{% macro current_person() -%}
  nullif(current_setting('santorio.user_id', true), '')::uuid
{%- endmacro %}

{#- The owner of the api views sees only the rows of the session's person. A table that is there stays guarded;
    of a view (lasting_view) it sees nothing, unless that is guarded by itself. -#}
{% macro guard_rows() -%}
  {%- if is_incremental() or model.config.materialized == 'lasting_view' -%}{{ return('') }}{%- endif -%}
  alter table {{ this }} enable row level security;
  drop policy if exists own_rows on {{ this }};
  create policy own_rows on {{ this }} for select to santorio_view_owner using (user_id = {{ current_person() }});
  grant select on {{ this }} to santorio_view_owner
{%- endmacro %}

{#-
  A view reads with its owner's rights. Owned by santorio_view_owner it is held to the row policies; owned by whoever
  runs dbt it would not be. `security_barrier` keeps a caller's own functions from seeing rows before the filter.
-#}
{% macro publish_view() -%}
  alter view {{ this }} set (security_barrier = true);
  alter view {{ this }} owner to santorio_view_owner;
  grant select on {{ this }} to santorio_api
{%- endmacro %}

{#- The copy of a mart that a build put up as a whole: the API never reads a mart while it is being made. -#}
{% macro serving_table(mart) -%}
  serving.{{ mart.identifier }}
{%- endmacro %}

{#- Pre-hook of the API's views: what they read is there, if empty, before the first build has published anything. -#}
{% macro align_serving_table() -%}
  {%- for node in model.depends_on.nodes if graph.nodes.get(node, {}).get('schema') == 'marts' %}
  select ops.align_serving_table('{{ graph.nodes[node].alias }}', false);
  {%- endfor %}
{%- endmacro %}

{#- Which build put up the rows, and with which code, for views on published marts. -#}
{% macro lineage() -%}
  (select build_id::text from ops.builds where published_at is not null order by published_at desc limit 1) as run_id,
    (select code_version from ops.builds where published_at is not null order by published_at desc limit 1) as code_version
{%- endmacro %}
