"""Which results are of an outcome that no arm can change."""

from alembic import op

revision = "0016"
down_revision = "0015"

CONTROL = """
alter table insights.trial_results add column is_negative_control boolean not null default false;
comment on column insights.trial_results.is_negative_control is
  'Whether the protocol names this outcome as one that no arm can change: an effect on it speaks against the trial.';
"""


def upgrade() -> None:
    op.execute(CONTROL)
