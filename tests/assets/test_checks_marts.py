"""Checks on the marts in real Dagster: an error stops what is downstream, a warning shows, and no value is told."""

import datetime as dt
import uuid
from collections.abc import Iterator

import dagster as dg
import pytest

from assets.analyses import MARTS
from assets.checks.marts import WARNING_CHECKS, marts_plausible
from santorio.people import Person
from santorio.storage.database.engine import Database

# Upstream: the import of Great Expectations, and its calls, are full of deprecations, which are not ours to fail on.
pytestmark = pytest.mark.filterwarnings("ignore")

AS_OF = dt.datetime(2026, 6, 1, 6, tzinfo=dt.UTC)
FIRST = dt.date(2026, 3, 1)
DAYS = 40
TABLES = """
create table marts.days (user_id uuid, day date, steps float, resting_hr_bpm float, min_hr_bpm float, max_hr_bpm float,
  stress_avg float, body_battery_high float, weight_kg float, caffeine_mg float, alcohol_g float, activity_minutes
  float, is_known boolean, missing_reason text, as_of timestamptz);
create table marts.nights (user_id uuid, day date, sleep_start_at timestamptz, sleep_end_at timestamptz,
  sleep_minutes float, deep_sleep_minutes float, sleep_score float, hrv_rmssd_ms float, respiration_brpm float,
  spo2_pct float, as_of timestamptz);
create table staging.stg_garmin__sleeps (user_id uuid, day date, has_data boolean);
create table marts.activities (user_id uuid, activity_id text, day date, started_at timestamptz, duration_s float,
  avg_hr_bpm float, max_hr_bpm float, training_load float, distance_m float, as_of timestamptz);
create table marts.outcomes (user_id uuid, day date, metric text, value float, as_of timestamptz);
create table marts.exposures (user_id uuid, day date, exposure text, value float, as_of timestamptz);
create table marts.day_quality (user_id uuid, day date, metric text, flag text, is_excluded boolean);
create table intermediate.int_wearable_days__joined (user_id uuid, day date);
create schema reference; create table reference.metrics (metric text, lowest_possible float, highest_possible float);
insert into reference.metrics values ('steps', 0, 300000), ('alcohol_g', 0, 1000);
"""

SHIFTED = """
insert into marts.day_quality select user_id, day, metric, 'shifted', false from marts.outcomes where day > '2026-04-05'
"""
BEFORE_THE_WATCH = """
insert into ops.coverage (user_id, kind, day, status, fetched_at)
select user_id, 'daily_summary', day - 3000, 'final', fetched_at from ops.coverage where kind = 'daily_summary'
"""
NIGHTS_NEVER_CAME = """
delete from marts.nights where day > '2026-03-25';
delete from staging.stg_garmin__sleeps where day > '2026-03-25'
"""


@pytest.fixture
def marts(database: Database, person: Person) -> Database:
    """Sound marts of forty days of one person, and the ledger that they came from."""
    with database.connect() as connection:
        connection.execute(TABLES)
        for number in range(DAYS):
            about = [person.user_id, FIRST + dt.timedelta(days=number)]
            waking = dt.datetime.combine(about[1], dt.time(6), dt.UTC)
            connection.execute(
                "insert into marts.days (user_id, day, steps, is_known, as_of) values (%s, %s, 8000, true, %s)",
                [*about, AS_OF],
            )
            connection.execute(
                "insert into marts.nights (user_id, day, sleep_start_at, sleep_end_at, sleep_minutes, as_of)"
                " values (%s, %s, %s, %s, 420, %s)",
                [*about, waking - dt.timedelta(hours=8), waking, AS_OF],
            )
            connection.execute("insert into staging.stg_garmin__sleeps values (%s, %s, true)", about)
            connection.execute("insert into intermediate.int_wearable_days__joined values (%s, %s)", about)
            connection.execute(
                "insert into marts.outcomes values (%s, %s, 'steps', 8000, %s)", [*about, AS_OF]
            )
            connection.execute(
                "insert into marts.exposures values (%s, %s, 'alcohol_g', 14, %s)", [*about, AS_OF]
            )
            for kind in ("daily_summary", "sleep"):
                connection.execute(
                    "insert into ops.coverage (user_id, kind, day, status, fetched_at)"
                    " values (%s, %s, %s, 'final', %s)",
                    [about[0], kind, about[1], AS_OF],
                )
    return database


def run(database: Database) -> tuple[dg.ExecuteInProcessResult, list[str]]:
    """Run stand-ins for dbt and for a model around the checks as they are; says which models ran."""
    ran: list[str] = []

    @dg.multi_asset(specs=[dg.AssetSpec(key) for key in [*MARTS, ["marts", "activities"]]])
    def built() -> Iterator[dg.MaterializeResult]:
        for key in [*MARTS, ["marts", "activities"]]:
            yield dg.MaterializeResult(asset_key=dg.AssetKey(key))

    @dg.asset(key=["analysis", "effects"], deps=MARTS)
    def model() -> None:
        ran.append("model")

    definitions = dg.Definitions(
        assets=[built, model],
        asset_checks=[marts_plausible],
        resources={"database": database},
    )
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(raise_on_error=False)
    return result, ran


def broken(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, object]]:
    return {
        one.check_name: {name: value.value for name, value in one.metadata.items() if name != "rows"}
        for one in result.get_asset_check_evaluations()
        if not one.passed
    }


def test_sound_marts_pass_every_check_and_the_model_runs(marts: Database) -> None:
    result, ran = run(marts)
    assert result.success
    assert broken(result) == {}
    assert ran == ["model"]
    assert len(result.get_asset_check_evaluations()) == len(WARNING_CHECKS)


@pytest.mark.parametrize(
    ("oddity", "check"),
    [
        # A basal rate of days before the first watch is no day that the mart lacks.
        (BEFORE_THE_WATCH, None),
        (NIGHTS_NEVER_CAME, "nights_complete"),
        ("delete from marts.days where day > '2026-04-05'", "days_fresh"),
        ("update ops.coverage set fetched_at = fetched_at + interval '40 hours'", "days_fresh"),
        (SHIFTED, "outcome_level_stable"),
    ],
)  # fmt: skip
def test_an_oddity_is_a_warning_and_the_models_run(marts: Database, oddity: str, check: str | None) -> None:
    with marts.connect() as connection:
        connection.execute(oddity)
    result, ran = run(marts)
    assert result.success
    assert ran == ["model"]
    assert set(broken(result)) == ({check} if check else set())
    severities = {one.check_name: one.severity for one in result.get_asset_check_evaluations()}
    assert check is None or severities[check] == dg.AssetCheckSeverity.WARN


def test_no_value_and_no_person_stands_in_what_a_check_says(marts: Database, person: Person) -> None:
    with marts.connect() as connection:
        connection.execute("delete from marts.days where day > '2026-04-05'")
    result, _ = run(marts)
    said = repr([(one.metadata, one.description) for one in result.get_asset_check_evaluations()])
    assert "8000" not in said
    assert str(person.user_id) not in said
    assert uuid.UUID(str(person.user_id)).hex not in said
