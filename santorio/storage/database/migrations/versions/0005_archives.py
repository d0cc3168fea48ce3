"""How far the import of each archive came."""

from alembic import op

revision = "0005"
down_revision = "0004"

ARCHIVES = """
create table ops.archives (
  user_id uuid not null references ops.people,
  object_sha256 text not null,
  code_version text not null,
  members_done int not null default 0,
  events_new int not null default 0,
  events_unchanged int not null default 0,
  rejected int not null default 0,
  kind text not null default 'zip',
  accounts text[] not null default '{}',
  is_finished boolean not null default false,
  started_at timestamptz not null default clock_timestamp(),
  primary key (user_id, object_sha256, code_version)
);
comment on table ops.archives is
  'How far the import of an archive came, by the code that read it: a second one goes on there.';
"""


def upgrade() -> None:
    op.execute(ARCHIVES)
