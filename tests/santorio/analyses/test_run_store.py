"""One transaction a run; the same fingerprint once."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from santorio.analyses.cache_key import cache_key
from santorio.analyses.run_store import Run, last_cache_key, publish
from santorio.errors import StorageError

ROW = {
    "outcome": "mood", "exposure": "alcohol_g", "lag_days": 1, "exposure_unit": "g", "outcome_unit": "points",
    "per_amount": 14.0, "estimate": -0.4, "sd": 0.2, "lower_95": -0.8, "upper_95": 0.0, "lower_50": -0.5,
    "upper_50": -0.3, "probability_positive": 0.02, "days": 90, "rank": 1,
}  # fmt: skip


@pytest.fixture
def run(person):
    return Run(
        person.user_id,
        "effects",
        "mood",
        "abc",
        dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
        [ROW],
        {"r_hat": 1.0},
    )


def count(database, table):
    with database.connect() as connection:
        return connection.execute(f"select count(*) from analysis.{table}").fetchone()[0]


def test_an_accepted_run_publishes_its_rows_with_their_lineage(database, run):
    report = publish(database, run)
    assert (report.status, report.rows) == ("accepted", 1)
    with database.connect() as connection:
        row = connection.execute(
            "select run_id, r.user_id = e.user_id, as_of, fingerprint, code_version <> '', diagnostics, estimate"
            " from analysis.runs r join analysis.effects e using (run_id)"
        ).fetchone()
    assert row == (report.run_id, True, run.as_of, "abc", True, {"r_hat": 1.0}, -0.4)


def test_publishing_twice_is_publishing_once_unless_forced(database, run):
    publish(database, run)
    assert publish(database, run).status == "unchanged"
    assert (count(database, "runs"), count(database, "effects")) == (1, 1)
    assert publish(database, run, force=True).status == "accepted"
    assert count(database, "runs") == 2


def test_a_rejected_run_publishes_nothing_but_itself(database, run):
    report = publish(database, replace(run, reason="1 divergent transitions", plot=b"png"))
    assert (report.status, report.rows, report.plot) == ("rejected", 0, None)
    assert (count(database, "runs"), count(database, "effects")) == (1, 0)


def test_when_a_row_fails_there_is_no_run_either(database, run):
    with pytest.raises(StorageError, match="effects_pkey"):
        publish(database, replace(run, rows=[ROW, ROW]))
    assert (count(database, "runs"), count(database, "effects")) == (0, 0)


def test_the_last_cache_key_is_that_of_the_newest_run_of_the_target(database, run, person):
    publish(database, run)
    publish(database, replace(run, fingerprint="def", reason="R-hat"))
    publish(database, replace(run, fingerprint="ghi", target="steps"))
    with database.connect() as connection:
        assert last_cache_key(connection, person.user_id, "effects", "mood") == "def"
        assert last_cache_key(connection, person.user_id, "trial", "mood") is None


def test_a_fingerprint_changes_with_any_input_and_with_nothing_else():
    values = np.array([1.0, 2.0])
    assert cache_key("a", values, {"b": 1, "c": 2}) == cache_key("a", values.copy(), {"c": 2, "b": 1})
    others = [("b", values), ("a", values + 1e-12), ("a", values[None]), ("a", values, None)]
    assert cache_key("a", values) not in {cache_key(*other) for other in others}
