"""What several people who consent have in common: what each lets in, and what each may see of the whole."""

from alembic import op

revision = "0015"
down_revision = "0014"

# Null in what was published before: it is pooled once it has been analysed again.
PRIOR_FREE = """
alter table insights.{table}
  add column prior_free_estimate double precision,
  add column prior_free_sd double precision check (prior_free_sd > 0),
  add column standard_effect double precision check (standard_effect > 0);
comment on column insights.{table}.prior_free_estimate is
  'The estimate with its own prior taken off: what is pooled over people.';
comment on column insights.{table}.prior_free_sd is 'Its standard deviation.';
comment on column insights.{table}.standard_effect is 'What an effect of one standard deviation amounts to.';
"""

# A row is about one person: what the pooled result means for them. The database too ensures that nobody sees a result
# of fewer than five people.
TABLE = """
create table insights.population (
  run_id uuid not null references insights.runs on delete cascade,
  user_id uuid not null references ops.people,
  basis text not null check (basis in ('trial', 'association')),
  outcome text not null,
  factor text not null,
  lag_days int not null,
  arms jsonb,
  unit text not null,
  factor_unit text,
  per_amount double precision,
  is_member boolean not null,
  people int not null check (people >= 5),
  mean double precision not null,
  lower_95 double precision not null,
  upper_95 double precision not null,
  between_sd double precision not null,
  between_lower_95 double precision not null,
  between_upper_95 double precision not null,
  shrunk_estimate double precision,
  shrunk_sd double precision,
  others int check (others >= 5),
  expected_mean double precision,
  expected_sd double precision,
  primary key (run_id, basis, outcome, factor, lag_days),
  check ((others is null) = (expected_mean is null) and (others is null) = (expected_sd is null)),
  check (is_member = (shrunk_estimate is not null) and is_member = (shrunk_sd is not null))
);
comment on table insights.population is
  'Per run and person, what people who consented have in common: never of fewer than five, no single one''s result.';
grant select on insights.population to santorio_view_owner;
alter table insights.population enable row level security;
create policy own_rows on insights.population for select to santorio_view_owner
  using (user_id = nullif(current_setting('santorio.user_id', true), '')::uuid);
"""

KIND = """
alter table insights.runs drop constraint runs_kind_check;
alter table insights.runs add constraint runs_kind_check
  check (kind in ('trial', 'effects', 'proposals', 'baselines', 'population'));
"""


def upgrade() -> None:
    for table in ("effects", "trial_results"):
        op.execute(PRIOR_FREE.format(table=table))
    op.execute(TABLE)
    op.execute(KIND)
