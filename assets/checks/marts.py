"""Great Expectations on the distributions of the marts: completeness, freshness, levels. What is odd is a warning.

A rule for every row is a test of dbt, beside its model, and stops a build that breaks it; a range of a column is one
too, as a warning. No rule stands in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from assets.checks.expectations import Expectations, check_expectations
from santorio.storage.database.engine import Database

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# Fewer rows than these say nothing of a mart as a whole.
MIN_ROWS = 20


@dataclass(frozen=True, slots=True)
class CheckSuite:
    """One suite: a query of a small frame, and what is expected of it."""

    mart: str
    name: str
    description: str
    query: str
    expectations: Expectations
    min_rows: int = 0

    @property
    def key(self) -> dg.AssetKey:
        """Asset that the suite is about."""
        return dg.AssetKey(["marts", self.mart])

    @property
    def spec(self) -> dg.AssetCheckSpec:
        """The check as Dagster knows it."""
        return dg.AssetCheckSpec(
            self.name,
            asset=self.key,
            description=self.description,
            # Days that are flagged are excluded.
            additional_deps=[dg.AssetKey(["marts", "day_quality"])],
        )

    def result(self, database: Database) -> dg.AssetCheckResult:
        """Check the mart; the metadata holds counts, never a value."""
        result = check_expectations(database, self.query, self.expectations)
        unexpected = result.unexpected if result.rows >= self.min_rows else {}
        return dg.AssetCheckResult(
            asset_key=self.key,
            check_name=self.name,
            passed=not unexpected,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=result.metadata,
        )


def true_columns(*columns: str, mostly: float = 1.0) -> Expectations:
    """Expect that columns are true in this share of the rows."""

    def expectations() -> list["Expectation"]:
        import great_expectations.expectations as gxe

        filled = [gxe.ExpectColumnValuesToNotBeNull(column=column) for column in columns]
        true = [
            gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[True], mostly=mostly)
            for column in columns
        ]
        return [*filled, *true]

    return expectations


# What the ledger has, of the days that were fetched lately, and whether the mart has a row for it. Garmin answers with
# a basal rate for days of long before the first watch: those are no days of the mart.
COMPLETENESS = """
select ledger.user_id::text, ledger.day,
       exists (select from marts.{mart} as built
               where built.user_id = ledger.user_id and built.day = ledger.day) as is_present
from ops.coverage as ledger
where ledger.kind = '{kind}' and ledger.status in ('final', 'fetched', 'provisional')
  and ledger.day >= (
    select min(worn.day) from intermediate.int_wearable_days__joined as worn where worn.user_id = ledger.user_id)
  and ledger.fetched_at >= (select max(fetched_at) from ops.coverage) - %(window)s::interval
order by ledger.fetched_at desc limit %(max_rows)s
"""
# One row a person: how far the marts stand behind what came.
FRESHNESS = """
select log.user_id::text,
       coalesce(log.newest_at - (select max(days.as_of) from marts.days where days.user_id = log.user_id)
                <= interval '1 day', false) as is_built,
       coalesce(log.newest_day - (select max(days.day) from marts.days
                                  where days.user_id = log.user_id and missing_reason is null) <= 2, false)
         as is_of_today
from (
  select user_id, max(fetched_at) as newest_at, max(day) as newest_day
  from ops.coverage where kind = 'daily_summary' and status in ('final', 'fetched', 'provisional')
  group by user_id
) as log
"""
# One row a person and metric: whether the newest week lies where it lay in the twelve before.
SHIFTS = """
select user_id::text, metric, not bool_or(quality.flag is not null) as is_as_before
from marts.outcomes
left join marts.day_quality as quality using (user_id, day, metric)
where (quality.flag is null or quality.flag = 'shifted')
  and outcomes.day > (select max(day) from marts.outcomes) - 14
group by user_id, metric
"""
WARNING_CHECKS = (
    CheckSuite(
        "days",
        "days_fresh",
        "The marts rest on what came last, and reach to the newest day that the ledger has.",
        FRESHNESS,
        true_columns("is_built", "is_of_today"),
    ),
    CheckSuite(
        "nights",
        "nights_complete",
        "Nights that the ledger fetched lately have a row.",
        COMPLETENESS.format(mart="nights", kind="sleep"),
        true_columns("is_present", mostly=0.9),
        min_rows=MIN_ROWS,
    ),
    CheckSuite(
        "outcomes",
        "outcome_level_stable",
        "The last two weeks lie where the person's twelve weeks before lay.",
        SHIFTS,
        true_columns("is_as_before", mostly=0.9),
    ),
)


@dg.multi_asset_check(specs=[suite.spec for suite in WARNING_CHECKS])
def marts_plausible(database: dg.ResourceParam[Database]) -> Iterator[dg.AssetCheckResult]:
    """Check distributions of the marts; what is odd shows, and the models run."""
    for suite in WARNING_CHECKS:
        yield suite.result(database)
