"""What the seconds of recordings say of effort, and the mean that fades."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = """
create schema training;
comment on schema training is 'Figures that need the records of an activity, computed once a recording.';

create table training.recordings (
  recording_id uuid not null,
  session_number int not null,
  event_id uuid not null,
  user_id uuid not null references ops.people,
  content_hash bytea not null,
  is_drawn boolean not null,
  activity_number text,
  started_at timestamptz,
  effort_durations_s int[] not null,
  seconds int not null,
  elapsed_seconds int not null,
  power_seconds int not null,
  hr_seconds int not null,
  speed_seconds int not null,
  avg_power_w double precision,
  normalized_power_w double precision,
  whole_windows_power_w double precision,
  work_kj double precision,
  avg_hr_bpm double precision,
  avg_speed_mps double precision,
  efficiency_w_per_bpm double precision,
  efficiency_m_per_beat double precision,
  power_decoupling_pct double precision,
  speed_decoupling_pct double precision,
  hr_histogram_s int[],
  power_histogram_s int[],
  best_power_w double precision[],
  best_hr_bpm double precision[],
  best_speed_mps double precision[],
  code_version text not null,
  computed_at timestamptz not null default clock_timestamp(),
  primary key (recording_id, session_number)
);
-- A build asks for the recordings of the events that changed, or of the people of whom anything did.
create index recordings_by_event on training.recordings (event_id);
create index recordings_by_person on training.recordings (user_id);
comment on table training.recordings is
  'One row a session of a recording: what its seconds say. Heart rates are counted from 25 bpm on, power from 0 W.';
"""

# x_t = x_(t-1) (1 - weight) + value · weight, from 0; a day without a value leaves it as it is. As a window function
# it is one step a day, and cannot overflow as a closed form with e^(t/τ) does after some years.
EXPONENTIAL_MEAN = """
create function training.exponential_mean_step(mean double precision, value double precision, weight double precision)
returns double precision language sql immutable parallel safe
return case when value is null then mean else mean * (1 - weight) + value * weight end;

create aggregate training.exponential_mean(value double precision, weight double precision) (
  sfunc = training.exponential_mean_step, stype = double precision, initcond = '0'
);
comment on aggregate training.exponential_mean(double precision, double precision) is
  'Exponentially weighted mean of values in order, from 0; a value that is unknown leaves the mean as it is.';
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(EXPONENTIAL_MEAN)
