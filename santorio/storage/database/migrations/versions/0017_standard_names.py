"""Standard names for tables, columns, functions, two schemas and the role that owns the API's views.

Everything is renamed in place: no row is copied, and views, policies and grants follow their tables. Functions hold
their SQL as text, so those that name what was renamed are written again.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

SCHEMAS = {"insights": "analysis", "published": "serving"}

# Old table, its schema as it is after the renaming above, and the new name.
TABLES = {
    "raw.arrivals": "change_queue",
    "raw.kept_rollups": "retained_rollups",
    "ops.taken_arrivals": "claimed_changes",
    "ops.touched_events": "changed_events",
    "ops.touched_days": "changed_days",
    "ops.touched_people": "changed_people",
    "ops.rejected": "rejected_records",
    "ops.garmin_pace": "garmin_rate_limit",
    "ops.thinnings": "downsampling_runs",
}

COLUMNS = (
    ("raw.change_queue", "arrival_id", "change_id"),
    ("raw.retained_rollups", "thinning_id", "downsampling_id"),
    ("ops.claimed_changes", "arrival_id", "change_id"),
    ("ops.downsampling_runs", "thinning_id", "downsampling_id"),
    ("ops.downsampling_runs", "thinned_at", "downsampled_at"),
    ("ops.garmin_breaker", "shut_until", "open_until"),
    ("ops.garmin_accounts", "sealed_tokens", "encrypted_tokens"),
    ("ops.garmin_accounts", "sealed_login", "encrypted_login"),
    ("ops.garmin_activities", "asked_at", "requested_at"),
    ("ops.garmin_reloads", "asked_at", "requested_at"),
    ("ops.garmin_reloads", "noticed_at", "detected_at"),
    ("ops.coverage", "asked_at", "requested_at"),
    ("analysis.runs", "subject", "target"),
    ("analysis.proposals", "lever", "intervention"),
)

INDEXES = {
    "analysis.runs_by_subject": "runs_by_target",
    "raw.kept_rollups_by_day": "retained_rollups_by_day",
    "raw.events_by_arrival": "events_by_ingestion",
}

SEQUENCES = {
    "raw.arrivals_arrival_id_seq": "change_queue_change_id_seq",
    "ops.thinnings_thinning_id_seq": "downsampling_runs_downsampling_id_seq",
}

# PostgreSQL names a constraint after its table and columns, and leaves the name when those change. The longer words
# come first: `taken_arrivals` holds `arrivals`.
CONSTRAINT_WORDS = {
    "taken_arrivals": "claimed_changes",
    "arrivals": "change_queue",
    "arrival_id": "change_id",
    "kept_rollups": "retained_rollups",
    "touched": "changed",
    "garmin_pace": "garmin_rate_limit",
    "thinnings": "downsampling_runs",
    "thinning_id": "downsampling_id",
    "thinned_at": "downsampled_at",
    "sealed": "encrypted",
    "asked_at": "requested_at",
    "noticed_at": "detected_at",
}
# Words that occur in other names too: replaced in the names of one table only.
CONSTRAINT_WORDS_BY_TABLE = {
    "ops.rejected_records": ("rejected_", "rejected_records_"),
    "analysis.runs": ("subject", "target"),
    "analysis.proposals": ("lever", "intervention"),
}

# The role belongs to the server, so another of its databases may have renamed or created it. Where both names exist,
# the rights and objects of the old role in this database go to the new one.
ROLE = """
do $$
declare
  relation record;
begin
  if not exists (select from pg_roles where rolname = 'santorio_view') then
    return;
  end if;
  if not exists (select from pg_roles where rolname = 'santorio_view_owner') then
    alter role santorio_view rename to santorio_view_owner;
    return;
  end if;
  if not pg_has_role(current_user, 'santorio_view_owner', 'set') then
    execute format('grant santorio_view_owner to %I', current_user);
  end if;
  for relation in
    select schemaname, tablename from pg_policies where policyname = 'own_rows' and roles = '{santorio_view}'
  loop
    execute format(
      'alter policy own_rows on %I.%I to santorio_view_owner', relation.schemaname, relation.tablename);
  end loop;
  for relation in
    select distinct pg_class.oid::regclass as name from pg_class
    cross join lateral aclexplode(relacl) as entry
    where entry.grantee = 'santorio_view'::regrole and entry.privilege_type = 'SELECT' and relkind in ('r', 'v', 'm')
  loop
    execute format('grant select on %s to santorio_view_owner', relation.name);
  end loop;
  grant usage on schema marts, analysis, serving, ops to santorio_view_owner;
  grant usage, create on schema api to santorio_view_owner;
  reassign owned by santorio_view to santorio_view_owner;
  drop owned by santorio_view;
end $$
"""

QUEUE = """
alter function raw.note_events() rename to queue_events;
create or replace function raw.queue_events() returns trigger language plpgsql as $$
begin
  insert into raw.change_queue (user_id, event_id)
  select distinct user_id,
    case
      -- A tombstone changes the event that it names.
      when event_type <> 'deleted' then event_id
      when pg_input_is_valid(data ->> 'event_id', 'uuid') then (data ->> 'event_id')::uuid
      else event_id
    end
  from arrived;
  return null;
end $$;
alter trigger note_events on raw.events rename to queue_events;

alter function raw.note_days() rename to queue_days;
create or replace function raw.queue_days() returns trigger language plpgsql as $$
begin
  insert into raw.change_queue (user_id, day) select distinct user_id, day from arrived;
  return null;
end $$;
alter trigger note_new_days on ops.coverage rename to queue_new_days;
alter trigger note_gone_days on ops.coverage rename to queue_deleted_days;

alter function raw.note_changed_days() rename to queue_updated_days;
create or replace function raw.queue_updated_days() returns trigger language plpgsql as $$
begin
  insert into raw.change_queue (user_id, day)
  select user_id, day from (
    (select * from arrived except select * from gone) union all (select * from gone except select * from arrived)
  ) as changed
  group by user_id, day;
  return null;
end $$;
alter trigger note_changed_days on ops.coverage rename to queue_updated_days;

alter function raw.note_zone() rename to queue_timezone;
create or replace function raw.queue_timezone() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' or new.timezone is distinct from old.timezone then
    insert into raw.change_queue (user_id, event_id)
    select distinct user_id, event_id from raw.events where user_id = new.user_id;
    -- And days without any event: what the clock showed on them comes from the time zone alone.
    insert into raw.change_queue (user_id, day)
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
alter trigger note_zone on ops.people rename to queue_timezone;
"""

MODES = """
alter table ops.models drop constraint models_mode_check;
update ops.models set mode = 'incremental' where mode = 'touched';
alter table ops.models add constraint models_mode_check check (mode in ('full', 'incremental'));
"""

SERVING = """
alter function ops.shape_of(regclass) rename to table_shape;

drop function ops.align_published(text, boolean);
create function ops.align_serving_table(mart text, may_replace boolean) returns boolean language plpgsql as $$
declare
  mart_shape text;
  serving_shape text;
begin
  mart_shape := ops.table_shape(to_regclass('marts.' || quote_ident(mart)));
  serving_shape := ops.table_shape(to_regclass('serving.' || quote_ident(mart)));
  if mart_shape is not distinct from serving_shape or (serving_shape is not null and not may_replace) then
    return false;
  end if;
  -- Views of the API on the old columns go with it; they are built again after every build.
  execute format('drop table if exists serving.%1$I cascade', mart);
  execute format('create table serving.%1$I (like marts.%1$I including all)', mart);
  execute format('alter table serving.%1$I enable row level security', mart);
  execute format(
    'create policy own_rows on serving.%1$I for select to santorio_view_owner '
    'using (user_id = nullif(current_setting(''santorio.user_id'', true), '''')::uuid)', mart);
  execute format('grant select on serving.%1$I to santorio_view_owner', mart);
  return true;
end $$;

-- Copies the changed rows: by person and day where every row has a day, else by person.
create or replace function ops.publish_mart(mart text, everything boolean) returns bigint language plpgsql as $$
declare
  columns text;
  scope text := 'true';
  is_full boolean := ops.align_serving_table(mart, true) or everything;
  copied bigint;
begin
  if not is_full then
    if exists (
      select from pg_attribute
      where attrelid = to_regclass('marts.' || quote_ident(mart)) and attname = 'day' and attnotnull
    ) then
      scope := 'exists (select from ops.changed_days t where t.user_id = m.user_id and t.day = m.day)';
    else
      scope := 'm.user_id in (select user_id from ops.changed_days union select user_id from ops.changed_events)';
    end if;
  end if;
  select string_agg(quote_ident(attname), ', ' order by attnum) into columns
  from pg_attribute where attrelid = to_regclass('marts.' || quote_ident(mart)) and attnum > 0 and not attisdropped;
  execute format('delete from serving.%I as m where %s', mart, scope);
  -- A person's days lie together: a page of them is then a few blocks.
  execute format(
    'insert into serving.%1$I (%2$s) select %2$s from marts.%1$I as m where %3$s order by %4$s', mart, columns, scope,
    (select string_agg(quote_ident(attname), ', ' order by attname desc) from pg_attribute
     where attrelid = to_regclass('marts.' || quote_ident(mart)) and attname in ('user_id', 'day')));
  get diagnostics copied = row_count;
  if is_full then
    execute format('analyze serving.%I', mart);
  end if;
  return copied;
end $$;
"""

SERIES = (
    "heartRateValues", "stressValuesArray", "bodyBatteryValuesArray", "respirationValuesArray",
    "spO2HourlyAverages", "imValuesArray", "hrvReadings", "floorValuesArray", "stepsIntervals",
)  # fmt: skip
WITHOUT_SERIES = " ".join(f"- '{name}'" for name in SERIES)

# The single exception to append-only (docs/decisions/0005). One SQL statement does it all, so that it happens
# completely or not at all; versions that are downsampled are not selected again. In the log the key stays `thinned`:
# payloads that were downsampled earlier have it.
DOWNSAMPLE = f"""
alter function raw.is_thinnable(text, jsonb) rename to can_downsample;
alter function raw.figures_of_series(text, jsonb) rename to series_metrics;
drop function raw.thin_samples(uuid, date, date, int);

create function raw.downsample_samples(
  person_id uuid, first_day date, last_day date, keep_days int,
  out payloads int, out samples bigint, out bytes bigint
) language plpgsql as $$
#variable_conflict use_column
declare
  this_run bigint;
begin
  -- Writers of one person wait for each other (santorio/storage/database/locks.py).
  perform pg_advisory_xact_lock(hashtextextended(person_id::text, 1614));
  insert into ops.downsampling_runs (user_id, keep_samples_days, first_day, last_day, payloads, samples, bytes)
  values (person_id, keep_days, first_day, last_day, 0, 0, 0) returning downsampling_id into this_run;

  with versions as materialized (
    select event_id, content_hash, time, event_type, ingested_at, data, metadata ->> 'day' as requested_day,
      raw.can_downsample(event_type, data) as can_downsample
    from raw.events
    where user_id = person_id and source = 'garmin' and event_type in (
        'garmin.floors', 'garmin.heart_rate', 'garmin.hrv', 'garmin.intensity_minutes', 'garmin.respiration',
        'garmin.spo2', 'garmin.steps_intervals', 'garmin.stress'
      )
      and metadata ->> 'day' between first_day::text and last_day::text
      and pg_input_is_valid(metadata ->> 'day', 'date')
      -- A payload that reports another day than the one that was requested is not understood, and stays as it is.
      and coalesce(data ->> 'calendarDate', data -> 'hrvSummary' ->> 'calendarDate', metadata ->> 'day')
        = metadata ->> 'day'
  ),
  current as materialized (
    select distinct on (event_id) event_id, ingested_at, event_type, requested_day, can_downsample,
      data ? 'thinned' as is_downsampled, data ? 'partStartGMT' as is_part, data ? 'endTimestampGMT' as is_complete
    from versions
    where not exists (
      select from raw.events as tombstone
      where tombstone.user_id = person_id and tombstone.event_type = 'deleted'
        and tombstone.data ->> 'event_id' = versions.event_id::text and tombstone.ingested_at > versions.ingested_at
    )
    order by event_id, ingested_at desc, content_hash
  ),
  -- Payloads that report one day are downsampled together or not at all: which of two counts for an instant is decided
  -- here for good.
  chosen as materialized (
    select versions.*, current.event_id is not null as is_current,
      coalesce(current.is_part and exists (
        select from current as complete
        where complete.event_type = current.event_type and complete.requested_day = current.requested_day
          and complete.is_complete
      ), false) as is_superseded
    from versions
    left join current using (event_id, ingested_at)
    where versions.can_downsample and (current.event_id is null or not exists (
      select from current as beside
      where beside.event_type = versions.event_type and beside.requested_day = versions.requested_day
        and not beside.can_downsample and not beside.is_downsampled
    ))
  ),
  readings as materialized (
    select chosen.event_id, chosen.ingested_at, chosen.requested_day::date as day, chosen.is_current,
      chosen.is_superseded, sample.measure, sample.measured_at, sample.value,
      row_number() over (
        partition by chosen.requested_day, sample.measure, sample.measured_at, chosen.is_current,
          chosen.is_superseded, case when not chosen.is_current then chosen.content_hash end
        order by chosen.ingested_at desc, chosen.event_id, sample.value
      ) as rank
    from chosen
    cross join lateral raw.samples_of(chosen.event_type, chosen.data) as sample
  ),
  counted as materialized (
    select event_id, ingested_at, count(*) as samples from readings group by event_id, ingested_at
  ),
  rollups as (
    select event_id, ingested_at, measure, day,
      date_bin('5 minutes', measured_at, '2000-01-01 00:00+00') as bucket_at,
      count(*)::int as samples, sum(value::numeric)::double precision as sum, min(value) as min, max(value) as max
    from readings
    where rank = 1 and not is_superseded
    group by event_id, ingested_at, measure, day, bucket_at
  ),
  retained as (
    insert into raw.retained_rollups
      (event_id, ingested_at, measure, user_id, day, downsampling_id, bucket_at, samples, sum, min, max)
    select event_id, ingested_at, measure, person_id, day, this_run,
      array_agg(bucket_at order by bucket_at), array_agg(rollups.samples order by bucket_at),
      array_agg(rollups.sum order by bucket_at), array_agg(rollups.min order by bucket_at),
      array_agg(rollups.max order by bucket_at)
    from rollups
    group by event_id, ingested_at, measure, day
  ),
  downsampled as (
    update raw.events as event
    set data = (event.data {WITHOUT_SERIES}) || jsonb_build_object(
          'thinned', raw.series_metrics(event.event_type, event.data)
            || jsonb_build_object('samples', counted.samples)
        ),
        metadata = event.metadata || '{{"thinned": true}}'
    from chosen
    join counted using (event_id, ingested_at)
    where event.event_id = chosen.event_id and event.content_hash = chosen.content_hash and event.time = chosen.time
    returning event.event_id, counted.samples, pg_column_size(chosen.data) - pg_column_size(event.data) as bytes
  ),
  queued as (
    insert into raw.change_queue (user_id, event_id) select distinct person_id, downsampled.event_id from downsampled
  )
  select count(*)::int, coalesce(sum(downsampled.samples), 0)::bigint, coalesce(sum(downsampled.bytes), 0)::bigint
  into payloads, samples, bytes
  from downsampled;

  if payloads = 0 then
    delete from ops.downsampling_runs where downsampling_id = this_run;
  else
    update ops.downsampling_runs as done
    set payloads = downsample_samples.payloads, samples = downsample_samples.samples,
      bytes = downsample_samples.bytes
    where downsampling_id = this_run;
  end if;
end $$;
"""  # noqa: S608 - every name is one of this module

COMMENTS = """
comment on table raw.change_queue is
  'Events that changed, and person-days of which something beside the log changed, since the marts were built.';
comment on table raw.retained_rollups is
  'Five-minute rollups of series that were downsampled, one row a version of a payload and measure. Part of the log.';
comment on table ops.claimed_changes is 'Entries of the change queue that the build under way has taken.';
comment on table ops.changed_events is 'Events that a build has to process; kept until one succeeded.';
comment on table ops.changed_days is 'Person-days that a build has to rebuild; kept until one succeeded.';
comment on table ops.changed_people is
  'People of whom a build changed rows of a model; under the name '''' those with any entry in the queue.';
comment on table ops.rejected_records is
  'What could not be ingested as it came, why, and where the original is kept.';
comment on table ops.garmin_rate_limit is 'The token bucket that all calls of a person share, in any process.';
comment on table ops.garmin_breaker is
  'The circuit breaker: no request leaves before open_until; trips counts failures since the last success.';
comment on table ops.downsampling_runs is 'What was downsampled, when, and how much; one row a transaction.';
comment on table ops.garmin_reloads is
  'Days that came with their sums but without their series; each is requested once more, at requested_at.';
comment on column ops.coverage.requested_at is
  'When Garmin was last asked for it; null where it comes from files alone.';
comment on column ops.garmin_accounts.encrypted_login is
  'A login that waits for its second factor, encrypted likewise.';
comment on column analysis.runs.target is 'What was analysed: an outcome, a metric, or a trial.';
comment on column analysis.proposals.intervention is 'What the trial would change, by its name in the catalog.';
comment on function raw.samples_of is 'Samples of one Garmin payload, one row each; unpacked in one place for all.';
comment on function raw.can_downsample is 'Whether every element of a payload''s series has a known shape.';
comment on function raw.downsample_samples is
  'Removes the series from a person''s payloads of some days; keeps rollups and metrics. Idempotent.';
"""


def upgrade() -> None:
    for old, new in SCHEMAS.items():
        op.execute(f"alter schema {old} rename to {new}")
    for table, new in TABLES.items():
        op.execute(f"alter table {table} rename to {new}")
    for table, old, new in COLUMNS:
        op.execute(f"alter table {table} rename column {old} to {new}")
    for index, new in INDEXES.items():
        op.execute(f"alter index {index} rename to {new}")
    for sequence, new in SEQUENCES.items():
        op.execute(f"alter sequence {sequence} rename to {new}")
    rename_constraints()
    for part in (ROLE, QUEUE, MODES, SERVING, DOWNSAMPLE, COMMENTS):
        op.execute(part)


def rename_constraints() -> None:
    """Give constraints of our tables the names that they would have, were the tables made today."""
    # Partitions and chunks of TimescaleDB follow their table.
    constraints = op.get_bind().exec_driver_sql("""
        select conrelid::regclass::text, conname::text from pg_constraint
        where connamespace in ('raw'::regnamespace, 'ops'::regnamespace, 'analysis'::regnamespace) and coninhcount = 0
    """)
    for table, name in [(str(row[0]), str(row[1])) for row in constraints.fetchall()]:
        renamed = name
        for old, new in CONSTRAINT_WORDS.items():
            renamed = renamed.replace(old, new)
        if table in CONSTRAINT_WORDS_BY_TABLE:
            renamed = renamed.replace(*CONSTRAINT_WORDS_BY_TABLE[table], 1)
        if renamed != name:
            # PostgreSQL cuts names at 63 bytes.
            op.execute(f'alter table {table} rename constraint "{name}" to "{renamed[:63]}"')
