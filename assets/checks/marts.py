"""Great Expectations on the marts that models read.

What must hold is an error: the build looks before it shows the API anything, and it blocks the models. What should
hold is a warning: it shows. A single odd value is never an error of a mart, for it is flagged in `marts.day_quality`
and left out there; that a model would read it all the same is one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from assets.expectations import Expectations, judge
from santorio.storage.database.engine import Database

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# Fewer rows than these say nothing of a mart as a whole.
FEWEST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite: a query of a small frame, and what is expected of it."""

    mart: str
    name: str
    description: str
    query: str
    expectations: Expectations
    fewest_rows: int = 0

    @property
    def key(self) -> dg.AssetKey:
        """Asset that the suite is about."""
        return dg.AssetKey(["marts", self.mart])

    def spec(self, *, blocking: bool) -> dg.AssetCheckSpec:
        """Return the check as Dagster knows it."""
        return dg.AssetCheckSpec(
            self.name, asset=self.key, description=self.description, blocking=blocking,
            # A flag of a value decides whether the models read it.
            additional_deps=[] if self.mart == "day_quality" else [dg.AssetKey(["marts", "day_quality"])],
        )  # fmt: skip

    def result(self, database: Database, severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
        """Hold the mart against the suite."""
        verdict = judge(database, self.query, self.expectations)
        broken = verdict.broken if verdict.rows >= self.fewest_rows else {}
        return dg.AssetCheckResult(
            asset_key=self.key, check_name=self.name, passed=not broken, severity=severity,
            metadata=verdict.metadata,
        )  # fmt: skip


def newest(mart: str, columns: str, joined: str = "") -> str:
    """Query the rows of a mart that rest on what came lately."""
    return (
        f"select {columns} from marts.{mart} as told {joined} "  # noqa: S608 - names of this module
        f"where told.as_of >= (select max(as_of) from marts.{mart}) - %(window)s::interval "
        "order by told.as_of desc limit %(most_rows)s"
    )


def columns_of(*, key: Sequence[str] = (), ranges: Mapping[str, tuple[float, float]] | None = None,
               filled: Sequence[str] = (), true: Sequence[str] = (), mostly: float = 1.0) -> Expectations:  # fmt: skip
    """Expect a key that is unique, columns that are filled, values within their range, and what must be true."""

    def expectations() -> list["Expectation"]:
        import great_expectations.expectations as gxe

        return [
            *([gxe.ExpectCompoundColumnsToBeUnique(column_list=list(key))] if key else []),
            *(gxe.ExpectColumnValuesToNotBeNull(column=column) for column in (*filled, *true)),
            *(
                gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)
                for column, (low, high) in (ranges or {}).items()
            ),
            *(
                gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[True], mostly=mostly)
                for column in true
            ),
        ]

    return expectations


# What the ledger has, of the days that were fetched lately, and whether the mart has a row for it. Garmin answers with
# a basal rate for days of long before the first watch: those are no days of the mart.
COMPLETENESS = """
select ledger.user_id::text, ledger.day,
       exists (select from marts.{mart} as told
               where told.user_id = ledger.user_id and told.day = ledger.day {condition}) as is_there
from ops.coverage as ledger
where ledger.kind = '{kind}' and ledger.status in ('final', 'fetched', 'provisional')
  and ledger.day >= (
    select min(worn.day) from intermediate.int_wearable_days__joined as worn where worn.user_id = ledger.user_id)
  and ledger.fetched_at >= (select max(fetched_at) from ops.coverage) - %(window)s::interval
order by ledger.fetched_at desc limit %(most_rows)s
"""
# A value that no body can have, and that a model would read.
READ_ALL_THE_SAME = """
left join reference.metrics as ranges on ranges.metric = told.{name}
left join lateral (
  select true as is_excluded from marts.day_quality as quality
  where quality.user_id = told.user_id and quality.day = told.day and quality.metric = told.{name}
    and quality.is_excluded limit 1
) as quality on true
"""
IS_SOUND = (
    "coalesce(quality.is_excluded, false) or coalesce(told.value between ranges.lowest_possible and"
    " ranges.highest_possible, told.value not in ('NaN', 'Infinity', '-Infinity')) as is_sound"
)
IN_RANGE = (
    "coalesce(told.value between ranges.lowest_possible and ranges.highest_possible, true) as is_possible"
)
# Nights as the payloads tell them, and nights of the mart: one of each for the other.
NIGHTS = """
select coalesce(sent.nights, 0) = coalesce(told.nights, 0) as is_one_for_one
from (
  select user_id, count(distinct day) as nights from staging.stg_garmin__sleeps
  where has_data and day is not null group by user_id
) as sent
full join (
  select user_id, count(*) as nights from marts.nights where sleep_minutes is not null group by user_id
) as told using (user_id)
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
from marts.outcomes as told
left join marts.day_quality as quality using (user_id, day, metric)
where (quality.flag is null or quality.flag = 'shifted')
  and told.day > (select max(day) from marts.outcomes) - 14
group by user_id, metric
"""
BOUNDS = {
    "steps": (0, 300_000), "resting_hr_bpm": (25, 150), "min_hr_bpm": (20, 150), "max_hr_bpm": (40, 240),
    "stress_avg": (0, 100), "body_battery_high": (0, 100), "weight_kg": (20, 650), "caffeine_mg": (0, 10_000),
    "alcohol_g": (0, 1_000), "activity_minutes": (0, 1_440),
}  # fmt: skip
OF_NIGHTS = {
    "sleep_minutes": (0, 1_440), "deep_sleep_minutes": (0, 720), "sleep_score": (0, 100),
    "hrv_rmssd_ms": (1, 400), "respiration_brpm": (3, 60), "spo2_pct": (50, 100), "window_minutes": (0, 1_440),
}  # fmt: skip
OF_ACTIVITIES = {
    "duration_s": (0, 864_000), "avg_hr_bpm": (30, 240), "max_hr_bpm": (30, 250), "training_load": (0, 5_000),
    "distance_m": (0, 3_000_000),
}  # fmt: skip

SHOULD = (
    Suite(
        "days", "days_are_plausible", "Values that a body can have; others are kept, flagged and left out.",
        newest("days", ", ".join(BOUNDS)), columns_of(ranges=BOUNDS),
    ),
    Suite(
        "days", "days_are_fresh", "The marts rest on what came last, and reach to the newest day that the ledger has.",
        FRESHNESS, columns_of(true=["is_built", "is_of_today"]),
    ),
    Suite(
        "nights", "nights_are_plausible", "Values that a night can have.",
        newest("nights", "*, extract(epoch from sleep_end_at - sleep_start_at)::float / 60 as window_minutes"),
        columns_of(ranges=OF_NIGHTS),
    ),
    Suite(
        "nights", "nights_are_complete", "Nights that the ledger fetched lately have a row.",
        COMPLETENESS.format(mart="nights", condition="", kind="sleep"),
        columns_of(true=["is_there"], mostly=0.9), fewest_rows=FEWEST_ROWS,
    ),
    Suite(
        "activities", "activities_are_plausible", "Values that an activity can have.",
        newest("activities", ", ".join(OF_ACTIVITIES)), columns_of(ranges=OF_ACTIVITIES),
    ),
    Suite(
        "outcomes", "outcomes_are_plausible", "Values that a body can have; others are flagged and left out.",
        newest("outcomes", IN_RANGE, READ_ALL_THE_SAME.format(name="metric")), columns_of(true=["is_possible"]),
    ),
    Suite(
        "outcomes", "outcomes_lie_where_they_lay", "The last two weeks lie where the person's twelve weeks before lay.",
        SHIFTS, columns_of(true=["is_as_before"], mostly=0.9),
    ),
    Suite(
        "exposures", "exposures_are_plausible", "Amounts that a person can take; others are flagged and left out.",
        newest("exposures", IN_RANGE, READ_ALL_THE_SAME.format(name="exposure")), columns_of(true=["is_possible"]),
    ),
)  # fmt: skip


@dg.multi_asset_check(specs=[suite.spec(blocking=False) for suite in SHOULD])
def marts_are_plausible(database: dg.ResourceParam[Database]) -> Iterator[dg.AssetCheckResult]:
    """Hold the marts against what should be true of them; what is not shows."""
    for suite in SHOULD:
        yield suite.result(database, dg.AssetCheckSeverity.WARN)
