"""What fetching from Garmin remembers over restarts: pace, breaker, activities, how far back a person asked."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
alter table ops.coverage add column asked_at timestamptz;
comment on column ops.coverage.asked_at is
  'When Garmin was last asked for it; null where it is known from files alone.';

create table ops.garmin_pace (
  user_id uuid primary key references ops.people,
  tokens double precision not null,
  counted_at timestamptz not null default clock_timestamp()
);
comment on table ops.garmin_pace is 'The token bucket that all calls of a person share, in whatever process.';

-- Garmin counts requests by address, not by account: all people share one breaker.
create table ops.garmin_breaker (
  is_only boolean primary key default true check (is_only),
  trips int not null default 0,
  shut_until timestamptz,
  tripped_at timestamptz
);
insert into ops.garmin_breaker default values;
comment on table ops.garmin_breaker is
  'No request leaves before shut_until; trips counts the refusals since one was last answered.';

create table ops.garmin_syncs (
  user_id uuid primary key references ops.people,
  since date not null,
  device_uploaded_at timestamptz,
  requests bigint not null default 0,
  outcome text,
  started_at timestamptz not null,
  ended_at timestamptz
);
comment on table ops.garmin_syncs is 'How far back a person wants their data, and how the last sync ended.';

create table ops.garmin_activities (
  user_id uuid not null references ops.people,
  activity_id bigint not null,
  kind text not null,
  day date not null,
  status text not null check (status in ('empty', 'failed', 'final')),
  listing_hash bytea not null,
  attempts int not null default 1,
  last_error text,
  asked_at timestamptz not null default clock_timestamp(),
  primary key (user_id, activity_id, kind)
);
create index garmin_activities_by_day on ops.garmin_activities (user_id, day, kind);
comment on table ops.garmin_activities is
  'What was fetched of each activity; listing_hash is of its entry in the list then: edited, it is asked again.';
"""


def upgrade() -> None:
    op.execute(TABLES)
