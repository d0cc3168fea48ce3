"""Proposed protocols get a table."""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLE = """
create table analysis.proposed_protocols (
  run_id uuid not null references analysis.runs on delete cascade,
  user_id uuid not null references ops.people,
  trial text not null,
  protocol jsonb not null,
  primary key (run_id, trial)
);
comment on table analysis.proposed_protocols is
  'Per run and trial, the protocol that the run proposes, without a first day: what a person accepts or declines.';
grant select on analysis.proposed_protocols to santorio_view_owner;
alter table analysis.proposed_protocols enable row level security;
create policy own_rows on analysis.proposed_protocols for select to santorio_view_owner
  using (user_id = nullif(current_setting('santorio.user_id', true), '')::uuid);
"""

# Runs of earlier versions kept them in their diagnostics, by the proposal's name: those can still be accepted.
COPY = """
insert into analysis.proposed_protocols (run_id, user_id, trial, protocol)
select runs.run_id, runs.user_id, stored.protocol ->> 'trial', stored.protocol
from analysis.runs as runs
cross join lateral jsonb_each(
  case jsonb_typeof(runs.diagnostics -> 'protocols') when 'object' then runs.diagnostics -> 'protocols' end
) as stored (name, protocol)
where runs.kind = 'proposals' and runs.status = 'accepted' and stored.protocol ->> 'trial' is not null
on conflict do nothing;
update analysis.runs set diagnostics = diagnostics - 'protocols' where kind = 'proposals';
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(COPY)
