"""Why a kind of data is missing on a day: one function, for the command line, the checks and the marts."""

from alembic import op

revision = "0019"
down_revision = "0018"

FUNCTION = """
create function ops.coverage_reason(
  status text,
  is_night_kind boolean,
  is_listed boolean,
  is_day_listed boolean,
  is_present boolean,
  has_failed boolean,
  is_night_present boolean,
  is_night_empty boolean
) returns text language sql immutable parallel safe as $$
  select case
    when status in ('final', 'fetched', 'provisional') then null
    when status = 'failed' then 'failed'
    when not is_listed then 'unknown'
    -- Nothing of the day is present. Where something failed, nobody can say whether the watch was worn.
    when not is_present and has_failed then case when status is null then 'missing' else 'Garmin has none' end
    -- An empty night alone says nothing about the day.
    when not is_present and not is_day_listed then 'unknown'
    when not is_present then 'not worn'
    when is_night_kind and is_night_empty and not is_night_present then 'night not worn'
    when status is null then 'missing'
    else 'Garmin has none'
  end
$$;
comment on function ops.coverage_reason is
  'Why a kind has no data on a day; null where it has. status: of the kind on that day in the ledger, null without '
  'a row. The others are of the kinds that every worn day has (and of an export''s): whether the ledger lists one, '
  'lists one of the day (not the night alone), one is present, one failed; whether a night is present, and is empty.';
"""


def upgrade() -> None:
    op.execute(FUNCTION)
