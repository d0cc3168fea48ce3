"""Where a run's posterior lies: an object of the store, under its hash."""

from alembic import op

revision = "0014"
down_revision = "0013"

POSTERIOR = """
alter table insights.runs add column posterior_object text
  check (posterior_object ~ '^[0-9a-f]{64}$');
comment on column insights.runs.posterior_object is
  'SHA-256 of the run''s posterior in the object store, an ArviZ tree; null where none is kept.';
"""


def upgrade() -> None:
    op.execute(POSTERIOR)
