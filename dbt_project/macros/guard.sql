{# Row level security for the read side: the owner of the API's views sees the rows of one person only. #}
{% macro guard_rows(relation) %}
alter table {{ relation }} enable row level security;
drop policy if exists own_rows on {{ relation }};
create policy own_rows on {{ relation }} for select to santorio_view
  using (user_id = nullif(current_setting('santorio.user_id', true), '')::uuid);
grant select on {{ relation }} to santorio_view;
{% endmacro %}
