"""The log, the ledger, what the models publish, and the two roles of the read side."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMAS = ("raw", "ops", "staging", "intermediate", "marts", "insights", "api")

# Roles belong to the whole server: another database of it may have made them, even at this moment. A login
# that may not make roles can still migrate where an administrator made them.
ROLES = """
do $$
begin
  if not exists (select from pg_roles where rolname = 'santorio_view_owner') then
    create role santorio_view_owner nologin;
  end if;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
  if not exists (select from pg_roles where rolname = 'santorio_api') then
    create role santorio_api login;
    alter role santorio_api set default_transaction_read_only = on;
    alter role santorio_api set statement_timeout = '15s';
  end if;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
  -- dbt hands the api views to santorio_view_owner, which takes membership.
  if not pg_has_role(current_user, 'santorio_view_owner', 'set') then
    execute format('grant santorio_view_owner to %I', current_user);
  end if;
end $$
"""

LOG = """
create table ops.people (
  user_id uuid primary key default gen_random_uuid(),
  name text not null unique check (name <> ''),
  timezone text not null,
  created_at timestamptz not null default now()
);

create table raw.events (
  event_id uuid not null,
  content_hash bytea not null,
  user_id uuid not null,
  time timestamptz not null,
  utc_offset interval,
  event_type text not null,
  source text not null,
  data jsonb not null,
  metadata jsonb not null default '{}',
  confidence double precision check (confidence between 0 and 1),
  ingested_at timestamptz not null default clock_timestamp(),
  primary key (event_id, content_hash, time)
);
create index events_by_type on raw.events (user_id, event_type, time);
create index events_by_arrival on raw.events (ingested_at);
comment on table raw.events is
  'Everything that entered, append-only; the newest ingested_at of an event_id wins.';
"""

# Only where the server has loaded the extension (it cannot be made otherwise; the setting is the loader's, and any
# login may look for it): the embedded server does not bring it, and plain tables do the same.
HYPERTABLE = """
do $$
begin
  if exists (select from pg_settings where name = 'timescaledb.max_background_workers') then
    create extension if not exists timescaledb;
    perform create_hypertable('raw.events', by_range('time', interval '30 days'));
  end if;
end $$
"""

LEDGER = """
create table ops.rejected (
  rejected_id uuid primary key default gen_random_uuid(),
  user_id uuid not null references ops.people,
  source_name text not null,
  code text not null,
  reason text not null,
  object_sha256 text,
  location text,
  status text not null default 'open' check (status in ('open', 'salvaged', 'ignored', 'retried')),
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  unique nulls not distinct (user_id, object_sha256, source_name, code, location)
);
comment on table ops.rejected is 'What could not be taken in as it came, why, and where the original lies.';

create table ops.coverage (
  user_id uuid not null references ops.people,
  kind text not null,
  day date not null,
  status text not null check (status in ('fetched', 'empty', 'failed', 'provisional', 'final')),
  attempts int not null default 1,
  last_error text,
  content_hash bytea,
  fetched_at timestamptz not null default now(),
  primary key (user_id, kind, day)
);

create table ops.imports (
  user_id uuid not null references ops.people,
  object_sha256 text not null,
  source_name text not null,
  kind text not null,
  outcome text not null,
  events_new int not null,
  events_unchanged int not null,
  rejected int not null,
  imported_at timestamptz not null default now(),
  primary key (user_id, object_sha256)
);

-- Garmin says "no data" in many ways: null, {}, [], or nulls all the way down beside ids, dates and
-- versions. A payload holds something if there is a measurement in it: a number that is not negative (-1 and
-- -2 mean "not measured") under a name that measures, or in an array, where numbers above 1e11 are instants
-- in milliseconds.
create function ops.is_empty_payload(payload jsonb) returns boolean language sql immutable parallel safe as $$
  select not (
    jsonb_path_exists(
      payload,
      '$.** ? (@.type() == "object").keyvalue() ? (
         @.value.type() == "number" && @.value >= 0
         && !(@.key like_regex
              "(id|pk|key|index|version|offset|origin|goal|order|duration|timestamp.*|date.*)$" flag "i")
       )'
    )
    or jsonb_path_exists(
      payload, 'strict $.** ? (@.type() == "array")[*] ? (@.type() == "number" && @ >= 0 && @ < 100000000000)'
    )
  )
$$;
"""

INSIGHTS = """
create table insights.runs (
  run_id uuid primary key,
  user_id uuid not null references ops.people,
  kind text not null check (kind in ('trial', 'effects', 'proposals')),
  subject text not null,
  status text not null check (status in ('accepted', 'rejected')),
  fingerprint text not null,
  as_of timestamptz not null,
  code_version text not null,
  diagnostics jsonb not null default '{}',
  plot bytea,
  reason text,
  created_at timestamptz not null default clock_timestamp()
);
create index runs_by_subject on insights.runs (user_id, kind, subject, created_at desc);

create table insights.effects (
  run_id uuid not null references insights.runs on delete cascade,
  user_id uuid not null references ops.people,
  outcome text not null,
  exposure text not null,
  lag_days int not null,
  exposure_unit text not null,
  outcome_unit text not null,
  per_amount double precision not null,
  estimate double precision not null,
  sd double precision not null,
  lower_95 double precision not null,
  upper_95 double precision not null,
  lower_50 double precision not null,
  upper_50 double precision not null,
  probability_positive double precision not null,
  days int not null,
  rank int not null,
  primary key (run_id, outcome, exposure)
);

create table insights.trial_results (
  run_id uuid not null references insights.runs on delete cascade,
  user_id uuid not null references ops.people,
  trial text not null,
  outcome text not null,
  arm text not null,
  reference_arm text not null,
  unit text not null,
  mean_arm double precision not null,
  mean_reference double precision not null,
  raw_difference double precision not null,
  days_arm int not null,
  days_reference int not null,
  estimate double precision not null,
  sd double precision not null,
  lower_95 double precision not null,
  upper_95 double precision not null,
  lower_50 double precision not null,
  upper_50 double precision not null,
  smallest_effect double precision not null,
  probability_above double precision not null,
  probability_within double precision not null,
  probability_below double precision not null,
  decision text not null,
  cycles int not null,
  probability_repeats double precision,
  randomisation_p double precision,
  is_primary boolean not null,
  primary key (run_id, outcome, arm)
);

create table insights.proposals (
  run_id uuid not null references insights.runs on delete cascade,
  user_id uuid not null references ops.people,
  rank int not null,
  slug text not null,
  question text not null,
  lever text not null,
  outcome text not null,
  arms jsonb not null,
  schedule jsonb not null,
  seed bigint not null,
  days_needed int not null,
  assurance double precision not null,
  expected_information_gain double precision not null,
  value_per_day double precision not null,
  why text not null,
  primary key (run_id, rank)
);
"""

READ_SIDE = """
grant usage on schema marts, insights, ops to santorio_view_owner;
grant usage, create on schema api to santorio_view_owner;
grant usage on schema api to santorio_api;
grant select on ops.coverage to santorio_view_owner;
grant select on all tables in schema insights to santorio_view_owner;
"""

GUARDED = (
    "insights.runs",
    "insights.effects",
    "insights.trial_results",
    "insights.proposals",
    "ops.coverage",
)


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"create schema if not exists {schema}")
    for part in (ROLES, LOG, HYPERTABLE, LEDGER, INSIGHTS, READ_SIDE):
        op.execute(part)
    for table in GUARDED:
        op.execute(f"alter table {table} enable row level security")
        op.execute(
            f"create policy own_rows on {table} for select to santorio_view_owner "
            "using (user_id = nullif(current_setting('santorio.user_id', true), '')::uuid)"
        )
