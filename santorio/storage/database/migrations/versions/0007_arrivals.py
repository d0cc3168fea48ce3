"""The queue of what arrived and is not in the marts yet, and what a build knows about itself."""

from alembic import op

revision = "0007"
down_revision = "0006"

# An arrival is written in the transaction of what arrived, so that no order of commits hides it from a build.
QUEUE = """
create table raw.arrivals (
  arrival_id bigint generated always as identity primary key,
  user_id uuid not null,
  event_id uuid,
  day date,
  check (num_nonnulls(event_id, day) = 1)
);
comment on table raw.arrivals is
  'Events that changed, and person-days of which something beside the log changed, since the marts were built.';

create function raw.note_events() returns trigger language plpgsql as $$
begin
  insert into raw.arrivals (user_id, event_id)
  select distinct user_id,
    case
      when event_type <> 'deleted' then event_id
      when pg_input_is_valid(data ->> 'event_id', 'uuid') then (data ->> 'event_id')::uuid
      else event_id
    end
  from arrived;
  return null;
end $$;
create trigger note_events after insert on raw.events
  referencing new table as arrived for each statement execute function raw.note_events();

create function raw.note_days() returns trigger language plpgsql as $$
begin
  insert into raw.arrivals (user_id, day) select distinct user_id, day from arrived;
  return null;
end $$;
create trigger note_new_days after insert on ops.coverage
  referencing new table as arrived for each statement execute function raw.note_days();
create function raw.note_changed_days() returns trigger language plpgsql as $$
begin
  insert into raw.arrivals (user_id, day)
  select user_id, day from (
    (select * from arrived except select * from gone) union all (select * from gone except select * from arrived)
  ) as changed
  group by user_id, day;
  return null;
end $$;
create trigger note_changed_days after update on ops.coverage
  referencing new table as arrived old table as gone for each statement execute function raw.note_changed_days();
create trigger note_gone_days after delete on ops.coverage
  referencing old table as arrived for each statement execute function raw.note_days();

-- Events that do not say their offset are dated by the person's zone.
create function raw.note_zone() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' or new.timezone is distinct from old.timezone then
    insert into raw.arrivals (user_id, event_id)
    select distinct user_id, event_id from raw.events where user_id = new.user_id;
    -- And days of which nothing came: what the clock showed on them is the zone's alone.
    insert into raw.arrivals (user_id, day)
    select new.user_id, days.day::date
    from (
      select least(events.first_day, ledger.first_day) as first_day,
        greatest(events.last_day, ledger.last_day) as last_day
      from (
        select min(time)::timestamp - interval '2 days' as first_day,
          max(time)::timestamp + interval '2 days' as last_day
        from raw.events where user_id = new.user_id
      ) as events
      cross join (
        select min(day)::timestamp as first_day, max(day)::timestamp as last_day
        from ops.coverage where user_id = new.user_id
      ) as ledger
    ) as span
    cross join lateral generate_series(first_day, last_day, '1 day') as days (day);
  end if;
  return null;
end $$;
create trigger note_zone after insert or update on ops.people for each row execute function raw.note_zone();

-- What was there before the queue was.
insert into raw.arrivals (user_id, event_id) select distinct user_id, event_id from raw.events;
"""

BUILDS = """
create table ops.models (
  model text primary key,
  mode text check (mode in ('full', 'touched')),
  planned_in uuid,
  fingerprint text,
  built_fingerprint text,
  built_in uuid,
  built_at timestamptz
);
comment on table ops.models is
  'Models of the warehouse: how the build that is under way makes each, and the logic that made what is there.';

create table ops.builds (
  build_id uuid primary key,
  started_at timestamptz not null default clock_timestamp(),
  known_at timestamptz not null,
  code_version text not null,
  published_at timestamptz
);
comment on table ops.builds is 'Builds of the warehouse; the newest published is what the API shows.';

create table ops.taken_arrivals (arrival_id bigint primary key);
create table ops.touched_events (event_id uuid primary key, user_id uuid not null);
create table ops.touched_days (user_id uuid not null, day date not null, primary key (user_id, day));
create table ops.touched_people (model text not null, user_id uuid not null, primary key (model, user_id));
comment on table ops.touched_people is
  'People of whom a build changed rows of a model; under the name \'\' those of whom anything arrived.';
comment on table ops.touched_days is 'Person-days that a build has to make anew; kept until one succeeded.';
"""


def upgrade() -> None:
    op.execute(QUEUE)
    op.execute(BUILDS)
