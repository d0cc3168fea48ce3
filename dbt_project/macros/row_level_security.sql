{#-
  Post-hooks, run in the transaction that builds the relation: there is no moment at which rows can be read unguarded.
  The roles are made by the database's migrations.
-#}

{#- The id of the person whose rows this session may see; null (so: no rows) when unset or empty. -#}
{% macro current_person() -%}
  nullif(current_setting('santorio.user_id', true), '')::uuid
{%- endmacro %}

{#- The owner of the api views sees only the rows of the session's person. A table that is there stays guarded. -#}
{% macro guard_rows() -%}
  {%- if is_touched() -%}{{ return('') }}{%- endif -%}
  alter table {{ this }} enable row level security;
  drop policy if exists own_rows on {{ this }};
  create policy own_rows on {{ this }} for select to santorio_view using (user_id = {{ current_person() }});
  grant select on {{ this }} to santorio_view
{%- endmacro %}

{#-
  A view reads with its owner's rights. Owned by santorio_view it is held to the row policies; owned by whoever
  runs dbt it would not be. `security_barrier` keeps a caller's own functions from seeing rows before the filter.
-#}
{% macro publish_view() -%}
  alter view {{ this }} set (security_barrier = true);
  alter view {{ this }} owner to santorio_view;
  grant select on {{ this }} to santorio_api
{%- endmacro %}

{#- Which code made the rows: the package's version and source hash, given by whoever runs dbt. -#}
{% macro code_version() -%}
  '{{ dbt_metadata_envs.get("SANTORIO_CODE_VERSION", "0.1.0") | replace("'", "") }}'
{%- endmacro %}

{#- Which build made the rows and with which code, for views on the marts. -#}
{% macro lineage() -%}
  '{{ invocation_id }}'::text as run_id,
    {{ code_version() }}::text as code_version
{%- endmacro %}
