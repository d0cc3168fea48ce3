"""How strong an unmeasured confounder would have to be to explain an association away."""

from alembic import op

revision = "0013"
down_revision = "0012"

# Null in what was published before.
ROBUSTNESS = """
alter table insights.effects
  add column robustness_value double precision check (robustness_value between 0 and 1),
  add column robustness_value_95 double precision check (robustness_value_95 between 0 and 1);
comment on column insights.effects.robustness_value is
  'Share of what is left of both exposure and outcome that a confounder must explain to bring the estimate to zero.';
comment on column insights.effects.robustness_value_95 is
  'The same, to bring zero into the 95 % interval; 0 where it is in it without any.';
"""


def upgrade() -> None:
    op.execute(ROBUSTNESS)
