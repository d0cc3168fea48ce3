"""Intraday samples: functions that read series, hypertables, and the downsampling of series that are no longer kept."""

from alembic import op

revision = "0009"
down_revision = "0008"

# The marts and the downsampling read a payload's series by the same function: what downsampling retains must be what
# the marts read. Values of an unexpected type are excluded, and so are -1, -2 and nulls. Nothing outside 1970 to 2100
# is an instant, and nothing beyond 1e12 a measurement. A single select, stable and not strict, so that PostgreSQL
# inlines it into the query.
_BY_INSTANT = """
select '{measure}'::text as measure, to_timestamp(sample.at_ms / 1000) as measured_at, sample.value
  from json_table(data, '{path}' columns (at_ms double precision path '$[0]', value double precision path '{value}'))
    as sample
  where event_type = 'garmin.{kind}' and sample.at_ms between 1 and 4102444800000
    and sample.value {least} and sample.value <= 1e12"""
_BY_CLOCK = """
select '{measure}'::text, sample.read_at at time zone 'UTC', sample.value
  from json_table(data, '{path}' columns (
    read_at timestamp path '{at} ? (@ starts with "20")', value double precision path '{value}'
  )) as sample
  where event_type = 'garmin.{kind}' and sample.read_at is not null
    and sample.value {least} and sample.value <= 1e12"""


def by_instant(kind: str, measure: str, series: str, value: str, least: str) -> str:
    """SQL of a series that states its instants in milliseconds."""
    path = f"$.{series}[*]"
    return _BY_INSTANT.format(kind=kind, measure=measure, path=path, value=value, least=least)


def by_clock(kind: str, measure: str, series: str, at: str, value: str, least: str) -> str:
    """SQL of a series that states its instants as date and time in UTC."""
    path = f"$.{series}[*]"
    return _BY_CLOCK.format(kind=kind, measure=measure, path=path, at=at, value=value, least=least)


READINGS = (
    by_instant("heart_rate", "heart_rate_bpm", "heartRateValues", "$[1]", "> 0"),
    by_instant("stress", "stress_level", "stressValuesArray", "$[1]", ">= 0"),
    by_instant("stress", "body_battery_level", "bodyBatteryValuesArray", "$[2]", ">= 0"),
    by_instant("respiration", "respiration_brpm", "respirationValuesArray", "$[1]", "> 0"),
    by_instant("spo2", "spo2_pct", "spO2HourlyAverages", "$[1]", "> 0"),
    by_instant("intensity_minutes", "intensity_minutes", "imValuesArray", "$[1]", ">= 0"),
    by_clock("hrv", "hrv_ms", "hrvReadings", "$.readingTimeGMT", "$.hrvValue", "> 0"),
    by_clock("floors", "floors_climbed", "floorValuesArray", "$[0]", "$[2]", ">= 0"),
    by_clock("steps_intervals", "steps", "stepsIntervals", "$.startGMT", "$.steps", ">= 0"),
)
SAMPLES_OF = f"""
create function raw.samples_of(event_type text, data jsonb)
returns table (measure text, measured_at timestamptz, value double precision)
language sql stable parallel safe as $$
{" union all ".join(READINGS)}
$$;
comment on function raw.samples_of is 'Samples of one Garmin payload, one row each; unpacked in one place for all.';
"""

# The known shape of an element of each series; a payload with an element of another shape is never downsampled.
_PAIR = '@[0].type() == "number" && (@[{n}].type() == "number" || @[{n}].type() == "null")'
_TEXT_FIRST = '@[0].type() == "string" && (@[2].type() == "number" || @[2].type() == "null")'
_OBJECT = '@.{at}.type() == "string" && (@.{value}.type() == "number" || @.{value}.type() == "null")'
SERIES = (
    ("heart_rate", "heartRateValues", _PAIR.format(n=1)),
    ("stress", "stressValuesArray", _PAIR.format(n=1)),
    ("stress", "bodyBatteryValuesArray", _PAIR.format(n=2)),
    ("respiration", "respirationValuesArray", _PAIR.format(n=1)),
    ("spo2", "spO2HourlyAverages", _PAIR.format(n=1)),
    ("intensity_minutes", "imValuesArray", _PAIR.format(n=1)),
    ("hrv", "hrvReadings", _OBJECT.format(at="readingTimeGMT", value="hrvValue")),
    ("floors", "floorValuesArray", _TEXT_FIRST),
    ("steps_intervals", "stepsIntervals", _OBJECT.format(at="startGMT", value="steps")),
)
_EXPECTED = ",\n    ".join(
    f"('garmin.{kind}', '{series}', data -> '{series}', 'strict $[*] ? ({shape})'::jsonpath)"
    for kind, series, shape in SERIES
)
THINNABLE = f"""
create function raw.is_thinnable(event_type text, data jsonb) returns boolean
language sql stable parallel safe as $$
  select jsonb_typeof(data) = 'object' and not data ? 'thinned' and coalesce(bool_and(
    case jsonb_typeof(expected.elements)
      when 'array' then
        jsonb_array_length(jsonb_path_query_array(expected.elements, expected.shape, silent => true))
          = jsonb_array_length(expected.elements)
      when 'null' then true
      else expected.elements is null
    end
  ), false)
  from (values
    {_EXPECTED}
  ) as expected (kind, series, elements, shape)
  where expected.kind = event_type
$$;
comment on function raw.is_thinnable is 'Whether every element of a payload''s series is of a shape that is known.';

-- The metrics that the models compute from a series, under their names there (stg_garmin__heart_rates,
-- stg_garmin__stress_days).
create function raw.figures_of_series(event_type text, data jsonb) returns jsonb
language sql stable parallel safe as $$
  select case event_type
    when 'garmin.heart_rate' then (
      select jsonb_build_object('heart_rate', jsonb_build_object(
        'samples', count(*), 'mean', avg(value::double precision),
        'lowest', min(value::double precision), 'highest', max(value::double precision)))
      from jsonb_array_elements_text(
        jsonb_path_query_array(data, '$.heartRateValues[*][1] ? (@ > 0 && @ < 1000)'))
    )
    when 'garmin.stress' then (
      select jsonb_build_object('stress', jsonb_build_object('samples', count(*), 'mean', avg(value::double precision)))
      from jsonb_array_elements_text(
        jsonb_path_query_array(data, '$.stressValuesArray[*][1] ? (@ >= 0 && @ <= 1000)'))
    ) || (
      select jsonb_build_object('body_battery', jsonb_build_object(
        'lowest', min(value::double precision), 'highest', max(value::double precision)))
      from jsonb_array_elements_text(coalesce(
        nullif(jsonb_path_query_array(data, '$.bodyBatteryValuesArray[*][2] ? (@ >= 0 && @ <= 1000)'), '[]'),
        jsonb_path_query_array(data, '$.bodyBatteryValuesArray[*][1] ? (@ >= 0 && @ <= 1000)')))
    )
    else '{{}}'::jsonb
  end
$$;
"""  # noqa: S608 - every name is one of this module

RETENTION = """
create table ops.retention (
  user_id uuid primary key references ops.people,
  keep_samples_days int check (keep_samples_days >= 30),
  set_at timestamptz not null default clock_timestamp()
);
comment on table ops.retention is
  'How many days a person wants samples within the day to be kept; null, or no row: for ever.';

create table ops.thinnings (
  thinning_id bigint generated always as identity primary key,
  user_id uuid not null references ops.people,
  thinned_at timestamptz not null default clock_timestamp(),
  keep_samples_days int not null,
  first_day date not null,
  last_day date not null,
  payloads int not null,
  samples bigint not null,
  bytes bigint not null
);
comment on table ops.thinnings is 'What was thinned, when, and how much; one row a transaction.';

create table raw.kept_rollups (
  event_id uuid not null,
  ingested_at timestamptz not null,
  measure text not null,
  user_id uuid not null,
  day date not null,
  thinning_id bigint not null,
  bucket_at timestamptz[] not null,
  samples int[] not null,
  sum double precision[] not null,
  min double precision[] not null,
  max double precision[] not null,
  primary key (event_id, ingested_at, measure)
);
create index kept_rollups_by_day on raw.kept_rollups (user_id, day);
comment on table raw.kept_rollups is
  'Five-minute rollups of series that were thinned, one row a version of a payload and measure. Part of the log.';
"""

# The only exception to append-only (docs/decisions/0005). A single SQL statement makes it atomic. Versions that were
# downsampled do not match again.
_TYPES = ", ".join(sorted({f"'garmin.{kind}'" for kind, *_ in SERIES}))
_CUT = " ".join(f"- '{series}'" for _, series, _ in SERIES)
THIN = f"""
create function raw.thin_samples(
  who uuid, first_day date, last_day date, keep_days int, out payloads int, out samples bigint, out bytes bigint
) language plpgsql as $$
#variable_conflict use_column
declare
  this_thinning bigint;
begin
  -- Writers of one person wait for each other (santorio/storage/database/locks.py).
  perform pg_advisory_xact_lock(hashtextextended(who::text, 1614));
  insert into ops.thinnings (user_id, keep_samples_days, first_day, last_day, payloads, samples, bytes)
  values (who, keep_days, first_day, last_day, 0, 0, 0) returning thinning_id into this_thinning;

  with versions as materialized (
    select event_id, content_hash, time, event_type, ingested_at, data, metadata ->> 'day' as about,
      raw.is_thinnable(event_type, data) as is_thinnable
    from raw.events
    where user_id = who and source = 'garmin' and event_type in ({_TYPES})
      and metadata ->> 'day' between first_day::text and last_day::text
      and pg_input_is_valid(metadata ->> 'day', 'date')
      -- A payload that reports another day than the one that was requested is not understood, and stays as it is.
      and coalesce(data ->> 'calendarDate', data -> 'hrvSummary' ->> 'calendarDate', metadata ->> 'day')
        = metadata ->> 'day'
  ),
  current as materialized (
    select distinct on (event_id) event_id, ingested_at, event_type, about, is_thinnable,
      data ? 'thinned' as is_thinned, data ? 'partStartGMT' as is_part, data ? 'endTimestampGMT' as is_whole
    from versions
    where not exists (
      select from raw.events as tombstone
      where tombstone.user_id = who and tombstone.event_type = 'deleted'
        and tombstone.data ->> 'event_id' = versions.event_id::text and tombstone.ingested_at > versions.ingested_at
    )
    order by event_id, ingested_at desc, content_hash
  ),
  -- Payloads that report the same day are downsampled together or not at all: which of them counts for an instant is
  -- decided then.
  chosen as materialized (
    select versions.*, current.event_id is not null as is_current,
      coalesce(current.is_part and exists (
        select from current as whole
        where whole.event_type = current.event_type and whole.about = current.about and whole.is_whole
      ), false) as is_repeated
    from versions
    left join current using (event_id, ingested_at)
    where versions.is_thinnable and (current.event_id is null or not exists (
      select from current as beside
      where beside.event_type = versions.event_type and beside.about = versions.about
        and not beside.is_thinnable and not beside.is_thinned
    ))
  ),
  readings as materialized (
    select chosen.event_id, chosen.ingested_at, chosen.about::date as day, chosen.is_current, chosen.is_repeated,
      sample.measure, sample.measured_at, sample.value,
      row_number() over (
        partition by chosen.about, sample.measure, sample.measured_at, chosen.is_current, chosen.is_repeated,
          case when not chosen.is_current then chosen.content_hash end
        order by chosen.ingested_at desc, chosen.event_id, sample.value
      ) as priority
    from chosen
    cross join lateral raw.samples_of(chosen.event_type, chosen.data) as sample
  ),
  counted as materialized (
    select event_id, ingested_at, count(*) as samples from readings group by event_id, ingested_at
  ),
  rolled as (
    select event_id, ingested_at, measure, day,
      date_bin('5 minutes', measured_at, '2000-01-01 00:00+00') as bucket_at,
      count(*)::int as samples, sum(value::numeric)::double precision as sum, min(value) as min, max(value) as max
    from readings
    where priority = 1 and not is_repeated
    group by event_id, ingested_at, measure, day, bucket_at
  ),
  kept as (
    insert into raw.kept_rollups
      (event_id, ingested_at, measure, user_id, day, thinning_id, bucket_at, samples, sum, min, max)
    select event_id, ingested_at, measure, who, day, this_thinning,
      array_agg(bucket_at order by bucket_at), array_agg(rolled.samples order by bucket_at),
      array_agg(rolled.sum order by bucket_at), array_agg(rolled.min order by bucket_at),
      array_agg(rolled.max order by bucket_at)
    from rolled
    group by event_id, ingested_at, measure, day
  ),
  thinned as (
    update raw.events as event
    set data = (event.data {_CUT}) || jsonb_build_object(
          'thinned', raw.figures_of_series(event.event_type, event.data)
            || jsonb_build_object('samples', counted.samples)
        ),
        metadata = event.metadata || '{{"thinned": true}}'
    from chosen
    join counted using (event_id, ingested_at)
    where event.event_id = chosen.event_id and event.content_hash = chosen.content_hash and event.time = chosen.time
    returning event.event_id, counted.samples, pg_column_size(chosen.data) - pg_column_size(event.data) as bytes
  ),
  noted as (
    insert into raw.arrivals (user_id, event_id) select distinct who, thinned.event_id from thinned
  )
  select count(*)::int, coalesce(sum(thinned.samples), 0)::bigint, coalesce(sum(thinned.bytes), 0)::bigint
  into payloads, samples, bytes
  from thinned;

  if payloads = 0 then
    delete from ops.thinnings where thinning_id = this_thinning;
  else
    update ops.thinnings as done
    set payloads = thin_samples.payloads, samples = thin_samples.samples, bytes = thin_samples.bytes
    where thinning_id = this_thinning;
  end if;
end $$;
comment on function raw.thin_samples is
  'Takes the series out of one person''s payloads of some days and keeps rollups and figures; run twice, once done.';
"""  # noqa: S608 - every name is one of this module

# Only if the server has the extension. A row policy and a columnstore or continuous aggregate exclude each other, so
# nothing here is granted to any role: the API's views read marts.own_samples_*. Numbers: docs/timescale.md.
INTRADAY = """
create schema intraday;
comment on schema intraday is 'Samples within the day, in TimescaleDB; made from the log like the marts.';

create table intraday.samples (
  measured_at timestamptz not null,
  local_at timestamp not null,
  value double precision not null,
  as_of timestamptz not null,
  user_id uuid not null,
  day date not null,
  measure text not null
);
select create_hypertable(
  'intraday.samples', by_range('measured_at', interval '30 days'), create_default_indexes => false);
-- Queries ask for a person's measure over a period.
create index samples_of_a_measure on intraday.samples (user_id, measure, measured_at);
alter table intraday.samples set (
  timescaledb.enable_columnstore = true,
  timescaledb.segmentby = 'user_id, measure',
  timescaledb.orderby = 'measured_at, day'
);
call add_columnstore_policy('intraday.samples', after => interval '60 days');

create materialized view intraday.samples_5min
with (
  timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.create_group_indexes = false
) as
select user_id, day, measure, time_bucket('5 minutes', measured_at) as bucket_at, count(*)::int as samples,
  sum(value::numeric)::double precision as sum, min(value) as min, max(value) as max, max(as_of) as as_of
from intraday.samples
group by user_id, day, measure, time_bucket('5 minutes', measured_at)
with no data;

create materialized view intraday.samples_hourly
with (
  timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.create_group_indexes = false
) as
select user_id, day, measure, time_bucket('1 hour', bucket_at) as bucket_at, sum(samples)::int as samples,
  sum(sum::numeric)::double precision as sum, min(min) as min, max(max) as max, max(as_of) as as_of
from intraday.samples_5min
group by user_id, day, measure, time_bucket('1 hour', bucket_at)
with no data;

create index five_minutes_of_a_measure on intraday.samples_5min (user_id, measure, bucket_at);
create index hours_of_a_measure on intraday.samples_hourly (user_id, measure, bucket_at);

-- The day is part of the order, so that each batch has its minimum and maximum: a query by day skips the others.
alter materialized view intraday.samples_5min set (
  timescaledb.enable_columnstore = true,
  timescaledb.segmentby = 'user_id, measure',
  timescaledb.orderby = 'bucket_at, day'
);
alter materialized view intraday.samples_hourly set (
  timescaledb.enable_columnstore = true,
  timescaledb.segmentby = 'user_id, measure',
  timescaledb.orderby = 'bucket_at, day'
);
call add_columnstore_policy('intraday.samples_5min', after => interval '90 days');
call add_columnstore_policy('intraday.samples_hourly', after => interval '90 days');

create table intraday.stored_days (
  user_id uuid not null,
  day date not null,
  fingerprint text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (user_id, day)
);
comment on table intraday.stored_days is 'Which samples of a person-day are in the hypertable, and the span they take.';

create table intraday.owed (
  owed_id bigint generated always as identity primary key,
  first_at timestamptz not null,
  last_at timestamptz not null
);
comment on table intraday.owed is 'Spans that the continuous aggregates do not know yet, noted with what changed.';

-- Stores the days that a build computed, which the temporary table days_to_store lists, in the build's own transaction.
-- Each person-day has a statement of its own with constants: in a compressed chunk only the batches of that person and
-- span are unpacked.
create procedure intraday.store_days(made text) language plpgsql as $$
declare
  changed_day record;
begin
  if not exists (select from intraday.stored_days) then
    execute format($q$
      insert into intraday.samples (user_id, day, measure, measured_at, local_at, value, as_of)
      select built.user_id, built.day, built.measure, sample.measured_at,
        (sample.measured_at at time zone 'UTC') + make_interval(secs => sample.clock_ahead_s), sample.value, built.as_of
      from %s as built
      cross join lateral unnest(built.measured_at, built.clock_ahead_s, built.value)
        as sample (measured_at, clock_ahead_s, value)
      where (built.user_id, built.day) in (select user_id, day from days_to_store)$q$, made);
  else
    for changed_day in select * from days_to_store order by user_id, day loop
      if changed_day.first_at is not null then
        execute format(
          'delete from intraday.samples where user_id = %L and measured_at >= %L and measured_at <= %L and day = %L',
          changed_day.user_id, changed_day.first_at, changed_day.last_at, changed_day.day);
      end if;
      execute format($q$
        insert into intraday.samples (user_id, day, measure, measured_at, local_at, value, as_of)
        select built.user_id, built.day, built.measure, sample.measured_at,
          (sample.measured_at at time zone 'UTC') + make_interval(secs => sample.clock_ahead_s),
          sample.value, built.as_of
        from %s as built
        cross join lateral unnest(built.measured_at, built.clock_ahead_s, built.value)
          as sample (measured_at, clock_ahead_s, value)
        where built.user_id = %L and built.day = %L$q$, made, changed_day.user_id, changed_day.day);
    end loop;
  end if;
  insert into intraday.owed (first_at, last_at)
  select least(first_at, from_at), greatest(last_at, to_at) from days_to_store;
  delete from intraday.stored_days as stored using days_to_store as gone
  where stored.user_id = gone.user_id and stored.day = gone.day;
  insert into intraday.stored_days
  select user_id, day, fingerprint, from_at, to_at from days_to_store where fingerprint is not null;
end $$;

-- After a build, outside a transaction: refreshes exactly the spans that changed. Each is committed before the next, so
-- after a crash the rest is still owed. Then chunks that are old enough are compressed, in case there is no background
-- worker that does.
create procedure intraday.refresh() language plpgsql as $$
declare
  changed_span record;
  chunk regclass;
  spans tstzmultirange;
  owed_ids bigint[];
begin
  -- Builds that end together take turns.
  perform pg_advisory_lock(1618);
  loop
    select range_agg(tstzrange(
      time_bucket('1 hour', first_at), time_bucket('1 hour', last_at) + interval '1 hour')), array_agg(owed_id)
    into spans, owed_ids
    from intraday.owed;
    exit when spans is null;
    select lower(span) as first_at, upper(span) as last_at into changed_span from unnest(spans) as span limit 1;
    -- A month in each batch; the default is ten buckets.
    call refresh_continuous_aggregate(
      'intraday.samples_5min', changed_span.first_at, changed_span.last_at, options => '{"buckets_per_batch": 8640}');
    call refresh_continuous_aggregate(
      'intraday.samples_hourly', changed_span.first_at, changed_span.last_at, options => '{"buckets_per_batch": 720}');
    -- Not spans that were added meanwhile: their samples may have changed after they were read.
    delete from intraday.owed
    where owed_id = any (owed_ids) and first_at >= changed_span.first_at and last_at < changed_span.last_at;
    commit;
  end loop;
  for chunk in
    select format('%I.%I', chunk_schema, chunk_name)::regclass from timescaledb_information.chunks
    where hypertable_schema = 'intraday' and hypertable_name = 'samples' and not is_compressed
      and range_end < now() - interval '60 days'
  loop
    call convert_to_columnstore(chunk);
    commit;
  end loop;
  perform pg_advisory_unlock(1618);
end $$;
"""
# An event is looked up by its id in all chunks: for ten years, 120 chunks of 30 days take ten times as long as ten of a
# year. The log is not compressed: it would shrink to a third, but comparing each written batch would take 70 times as
# long.
LARGER_CHUNKS = """
select set_chunk_time_interval('raw.events', interval '365 days');
select set_chunk_time_interval('raw.activity_records', interval '90 days');
"""
IF_TIMESCALE = "select exists (select from pg_extension where extname = 'timescaledb')"


def upgrade() -> None:
    for part in (SAMPLES_OF, THINNABLE, RETENTION, THIN):
        op.execute(part)
    if op.get_bind().exec_driver_sql(IF_TIMESCALE).scalar():
        op.execute(INTRADAY)
        op.execute(LARGER_CHUNKS)
