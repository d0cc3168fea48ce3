"""The published copy of the marts: what the API reads, changed at once at the end of a build."""

from alembic import op

revision = "0011"
down_revision = "0009"

# A copy has its mart's columns, keys, indexes and descriptions, and a policy of its own.
ALIGN = """
create function ops.shape_of(relation regclass) returns text language sql stable as $$
  select (
    select string_agg(attname || ' ' || atttypid::regtype || ' ' || attnotnull, ',' order by attname)
    from pg_attribute where attrelid = relation and attnum > 0 and not attisdropped
  ) || coalesce((
    select string_agg(keys, ';' order by keys) from (
      select indisunique || ' ' || string_agg(attname, ',' order by place) as keys from pg_index
      cross join lateral unnest(indkey::int[]) with ordinality as key (number, place)
      inner join pg_attribute on attrelid = indrelid and attnum = number
      where indrelid = relation
      group by indexrelid, indisunique
    ) as indexes
  ), '')
$$;
create function ops.align_published(mart text, may_replace boolean) returns boolean language plpgsql as $$
declare
  of_mart text;
  of_copy text;
begin
  of_mart := ops.shape_of(to_regclass('marts.' || quote_ident(mart)));
  of_copy := ops.shape_of(to_regclass('published.' || quote_ident(mart)));
  if of_mart is not distinct from of_copy or (of_copy is not null and not may_replace) then
    return false;
  end if;
  -- Views of the API on the old columns go with it; they are built again after every build.
  execute format('drop table if exists published.%1$I cascade', mart);
  execute format('create table published.%1$I (like marts.%1$I including all)', mart);
  execute format('alter table published.%1$I enable row level security', mart);
  execute format(
    'create policy own_rows on published.%1$I for select to santorio_view_owner '
    'using (user_id = nullif(current_setting(''santorio.user_id'', true), '''')::uuid)', mart);
  execute format('grant select on published.%1$I to santorio_view_owner', mart);
  return true;
end $$;
"""

# By person and day if every row has a day, else by person: rows that a build did not touch stay as they are.
COPY = """
create function ops.publish_mart(mart text, everything boolean) returns bigint language plpgsql as $$
declare
  columns text;
  scope text := 'true';
  whole boolean := ops.align_published(mart, true) or everything;
  copied bigint;
begin
  if not whole then
    if exists (
      select from pg_attribute
      where attrelid = to_regclass('marts.' || quote_ident(mart)) and attname = 'day' and attnotnull
    ) then
      scope := 'exists (select from ops.touched_days t where t.user_id = m.user_id and t.day = m.day)';
    else
      scope := 'm.user_id in (select user_id from ops.touched_days union select user_id from ops.touched_events)';
    end if;
  end if;
  select string_agg(quote_ident(attname), ', ' order by attnum) into columns
  from pg_attribute where attrelid = to_regclass('marts.' || quote_ident(mart)) and attnum > 0 and not attisdropped;
  execute format('delete from published.%I as m where %s', mart, scope);
  -- A person's days lie together: a page of them is then a few blocks.
  execute format(
    'insert into published.%1$I (%2$s) select %2$s from marts.%1$I as m where %3$s order by %4$s', mart, columns, scope,
    (select string_agg(quote_ident(attname), ', ' order by attname desc) from pg_attribute
     where attrelid = to_regclass('marts.' || quote_ident(mart)) and attname in ('user_id', 'day')));
  get diagnostics copied = row_count;
  if whole then
    execute format('analyze published.%I', mart);
  end if;
  return copied;
end $$;
"""

KNOWN_AT = """
alter table insights.runs add column known_at timestamptz;
comment on column insights.runs.known_at is
  'What of the log the marts told when the run was made; `santorio warehouse build --as-of` gives them again.';
"""


def upgrade() -> None:
    op.execute("create schema published")
    op.execute("grant usage on schema published to santorio_view_owner")
    op.execute("grant select on ops.builds to santorio_view_owner")
    op.execute("create index builds_by_publishing on ops.builds (published_at desc)")
    op.execute(ALIGN)
    op.execute(COPY)
    op.execute(KNOWN_AT)
