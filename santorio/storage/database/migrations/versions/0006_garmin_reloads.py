"""Old days whose series Garmin has put away, and whether it was asked to bring them back."""

from alembic import op

revision = "0006"
down_revision = "0005"

RELOADS = """
create table ops.garmin_reloads (
  user_id uuid not null references ops.people,
  day date not null,
  noticed_at timestamptz not null default clock_timestamp(),
  asked_at timestamptz,
  primary key (user_id, day)
);
comment on table ops.garmin_reloads is
  'Days that came with their sums but without their series; each is asked back once, at asked_at.';
"""


def upgrade() -> None:
    op.execute(RELOADS)
