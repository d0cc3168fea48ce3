"""Recordings: what a device wrote second by second, each row belonging to the file that it came in."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
create table raw.recordings (
  recording_id uuid primary key,
  user_id uuid not null references ops.people,
  file_sha256 text not null,
  event_id uuid not null,
  source text not null,
  records int not null,
  first_at timestamptz,
  last_at timestamptz,
  salvaged boolean not null,
  ingested_at timestamptz not null default clock_timestamp(),
  unique (user_id, file_sha256)
);
create index recordings_by_event on raw.recordings (event_id);
comment on table raw.recordings is
  'One file that holds records: a FIT, TCX or GPX. Its id is that of person and file; event_id is what it tells of.';

create table raw.activity_records (
  recording_id uuid not null,
  ordinal int not null,
  recorded_at timestamptz not null,
  latitude_deg double precision,
  longitude_deg double precision,
  distance_m double precision,
  altitude_m real,
  speed_mps real,
  heart_rate_bpm real,
  cadence_rpm real,
  power_w real,
  temperature_c real,
  grade_percent real,
  respiration_rate_brpm real,
  vertical_oscillation_mm real,
  ground_contact_ms real,
  step_length_mm real,
  primary key (recording_id, ordinal, recorded_at)
);
comment on table raw.activity_records is
  'Records in the order of the file: several may share an instant, so that ordinal, not time, names one.';

create table raw.recording_series (
  recording_id uuid not null references raw.recordings on delete cascade,
  name text not null,
  series double precision[] not null,
  primary key (recording_id, name)
);
alter table raw.recording_series alter column series set storage external;
comment on table raw.recording_series is
  'What has no column of its own, an array each: fields of apps and undocumented ones (element ordinal + 1 belongs '
  'to the record of that ordinal), and beats: rr_interval_s, beat_at_s with beat_bpm, in their own order.';
"""

# Plain where the extension is not to be had. Old recordings are never changed, so that they can be packed by
# column soon; a recording is what is asked for together.
HYPERTABLE = """
do $$
begin
  if exists (select from pg_extension where extname = 'timescaledb') then
    perform create_hypertable('raw.activity_records', by_range('recorded_at', interval '30 days'));
    alter table raw.activity_records set (
      timescaledb.enable_columnstore = true,
      timescaledb.segmentby = 'recording_id',
      timescaledb.orderby = 'ordinal'
    );
    call add_columnstore_policy('raw.activity_records', after => interval '60 days');
  end if;
end $$
"""


def upgrade() -> None:
    for part in (TABLES, HYPERTABLE):
        op.execute(part)
