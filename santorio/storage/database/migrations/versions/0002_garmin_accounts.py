"""The people's Garmin accounts: what state each is in, and its login, sealed."""

from alembic import op

revision = "0002"
down_revision = "0001"

ACCOUNTS = """
create table ops.garmin_accounts (
  user_id uuid primary key references ops.people,
  state text not null check (state in ('connected', 'needs_code', 'needs_login', 'disconnected')),
  reason text,
  region text not null default 'global' check (region in ('global', 'china')),
  account_id text,
  wrapped_key bytea,
  sealed_tokens bytea,
  sealed_login bytea,
  failures int not null default 0,
  not_before timestamptz,
  changed_at timestamptz not null default clock_timestamp(),
  rotated_at timestamptz,
  check (state <> 'connected' or (sealed_tokens is not null and account_id is not null)),
  check (state <> 'needs_code' or sealed_login is not null),
  check (wrapped_key is not null or (sealed_tokens is null and sealed_login is null))
);
-- An account's data belongs to one person.
create unique index garmin_accounts_once on ops.garmin_accounts (region, account_id) where state <> 'disconnected';
comment on column ops.garmin_accounts.reason is 'Why a login is needed: a value of accounts.Reason.';
comment on column ops.garmin_accounts.account_id is
  'Garmin''s number of the account; stays after disconnecting: no other account''s data joins this person''s.';
comment on column ops.garmin_accounts.sealed_tokens is
  'Encrypted under the person''s data key, which is in wrapped_key.';
comment on column ops.garmin_accounts.sealed_login is 'A login that waits for its second factor, encrypted likewise.';
comment on column ops.garmin_accounts.failures is 'Failed logins and wrong codes in a row.';
comment on column ops.garmin_accounts.not_before is 'No login is tried earlier.';
"""


def upgrade() -> None:
    op.execute(ACCOUNTS)
