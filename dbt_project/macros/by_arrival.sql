{#-
  What a model says about the rows that one arrival can change. Each of these materializations rebuilds exactly those.
-#}
{% materialization by_event, adapter='postgres' %}
  {{ return(materialization_refreshed_table_postgres()) }}
{% endmaterialization %}

{% materialization by_day, adapter='postgres' %}
  {{ return(materialization_refreshed_table_postgres()) }}
{% endmaterialization %}

{% materialization by_person, adapter='postgres' %}
  {{ return(materialization_refreshed_table_postgres()) }}
{% endmaterialization %}

{#- Rows of a relation (with event_id) whose events changed since the last build; all of them in a full build. -#}
{% macro changed(relation) -%}
  {{ return(relation) }}
{%- endmacro %}

{#- Rows of a relation (with user_id and day) about the person-days that changed, and days beside them. -#}
{% macro days_of(relation, before=0, after=0) -%}
  {{ return(relation) }}
{%- endmacro %}

{#- Rows of a relation (with user_id) of the people of whom anything changed. -#}
{% macro people_of(relation) -%}
  {{ return(relation) }}
{%- endmacro %}

{#- Whether only what is touched of this model is made again. -#}
{% macro is_touched() -%}
  {{ return(false) }}
{%- endmacro %}
