"""What is usual for a person, metric by metric: expected ranges, forecasts, what was odd, when a level changed."""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLE = """
create table insights.baselines (
  run_id uuid not null references insights.runs on delete cascade,
  user_id uuid not null references ops.people,
  metric text not null,
  unit text not null,
  days int not null,
  last_day date not null,
  last_value double precision not null,
  median double precision not null,
  lower_50 double precision not null,
  upper_50 double precision not null,
  lower_80 double precision not null,
  upper_80 double precision not null,
  lower_95 double precision not null,
  upper_95 double precision not null,
  forecast jsonb not null,
  anomalies jsonb not null,
  changes jsonb not null,
  primary key (run_id, metric),
  check (lower_95 <= lower_80 and lower_80 <= lower_50 and lower_50 <= median),
  check (median <= upper_50 and upper_50 <= upper_80 and upper_80 <= upper_95)
);
comment on table insights.baselines is
  'Per run one metric: what was expected of its last known day, the days after it, and what was unusual before it.';
grant select on insights.baselines to santorio_view_owner;
alter table insights.baselines enable row level security;
create policy own_rows on insights.baselines for select to santorio_view_owner
  using (user_id = nullif(current_setting('santorio.user_id', true), '')::uuid);
"""

KIND = """
alter table insights.runs drop constraint runs_kind_check;
alter table insights.runs add constraint runs_kind_check
  check (kind in ('trial', 'effects', 'proposals', 'baselines'));
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(KIND)
