"""Baselines from the marts to what is published."""

import datetime as dt
import json

import numpy as np
import pytest

from santorio.analyses.baselines.pipeline import (
    DAYS_AHEAD,
    MAX_PLOTS,
    analyse_baselines,
    compute_baselines,
    metrics_to_plot,
)
from santorio.analyses.series import Series

DAYS = 150


@pytest.fixture
def ill(marts, autoregressive):
    """A resting heart rate that is 8 bpm higher for the last five days, and mood on a few days."""
    rng = np.random.default_rng(7)
    heart = 54 + 1.3 * autoregressive(rng, DAYS, 0.4)[:, 0]
    heart[-5:] += 8
    heart[rng.random(DAYS) < 0.05] = np.nan
    heart[-5:] = np.nan_to_num(heart[-5:], nan=62.0)
    marts.outcome("resting_hr_bpm", heart)
    marts.outcome("mood", np.where(np.arange(DAYS) < 9, 6.0, np.nan))
    return marts


def rows(marts, columns):
    with marts.database.connect() as connection:
        return connection.execute(f"select {columns} from analysis.baselines").fetchall()


def test_what_is_usual_and_what_is_not_is_published_with_a_sentence(ill):
    reports = {report.target: report for report in analyse_baselines(ill.database, ill.person)}
    assert {target: report.status for target, report in reports.items()} == {
        "mood": "not enough data", "resting_hr_bpm": "accepted",
    }  # fmt: skip
    assert "14 days with a value" in reports["mood"].reason
    [(last_day, value, lower, upper, forecast, anomalies)] = rows(
        ill, "last_day, last_value, lower_95, upper_95, forecast, anomalies"
    )
    assert last_day == ill.day(DAYS - 1)
    assert value > 58
    assert lower < upper
    assert [day["day"] for day in forecast] == [
        (last_day + dt.timedelta(days=ahead)).isoformat() for ahead in range(1, DAYS_AHEAD + 1)
    ]
    assert all(day["lower_95"] < day["lower_50"] < day["median"] < day["upper_80"] for day in forecast)
    newest = anomalies[-1]
    assert (newest["direction"], newest["lasts"]) == ("above", True)
    assert newest["first_day"] in {ill.day(DAYS - n).isoformat() for n in (4, 5, 6)}
    assert newest["sentence"].startswith("Your resting heart rate has been above its usual range (5")


def test_diagnostics_are_shares_and_counts_without_any_value(ill):
    report = next(
        report for report in analyse_baselines(ill.database, ill.person) if report.status == "accepted"
    )
    assert set(report.diagnostics) == {
        "days", "covered_50", "covered_80", "covered_95", "weight_of_logarithm", "anomalies", "changes", "left_out",
    }  # fmt: skip
    assert 0.8 < report.diagnostics["covered_95"] <= 1
    assert report.plot.startswith(b"\x89PNG")
    assert json.dumps(dict(report.diagnostics))


def test_unchanged_input_is_not_computed_again_and_new_input_replaces_the_last_run(ill):
    analyse_baselines(ill.database, ill.person)
    again = {report.target: report.status for report in analyse_baselines(ill.database, ill.person)}
    assert again == {"mood": "not enough data", "resting_hr_bpm": "unchanged"}
    ill.write("outcomes", [{"day": ill.day(DAYS), "metric": "resting_hr_bpm", "value": 55.0, "samples": 1}])
    analyse_baselines(ill.database, ill.person)
    assert rows(ill, "last_day") == [(ill.day(DAYS),)]
    with ill.database.connect() as connection:
        [(runs,)] = connection.execute("select count(*) from analysis.runs").fetchall()
    assert runs == 1


def test_a_metric_that_never_varies_is_not_judged(marts):
    marts.outcome("mood", np.full(60, 7.0))
    (report,) = analyse_baselines(marts.database, marts.person)
    assert report.status == "not enough data"
    assert "values that differ" in report.reason


def test_a_day_that_cannot_be_trusted_is_excluded_and_named(ill):
    ill.write(
        "day_quality",
        [{"day": ill.day(DAYS - 1), "metric": "resting_hr_bpm", "flag": "hardly worn", "severity": "warning",
          "is_excluded": True, "reason": "Hardly worn."}],
    )  # fmt: skip
    report = next(
        report for report in analyse_baselines(ill.database, ill.person) if report.status == "accepted"
    )
    assert rows(ill, "last_day") == [(ill.day(DAYS - 2),)]
    assert report.diagnostics["left_out"] == {
        "resting_hr_bpm": [{"day": ill.day(DAYS - 1).isoformat(), "reason": "Hardly worn."}]
    }


def test_what_is_older_than_two_whole_years_is_not_read(marts):
    """The marts' last day is far from New Year: two years and a part are."""
    marts.outcome("weight_kg", 80 + np.random.default_rng(1).normal(size=1400))
    (report,) = analyse_baselines(marts.database, marts.person)
    [(days, last_day)] = rows(marts, "days, last_day")
    assert (report.status, last_day) == ("accepted", marts.day(1399))
    assert days == (last_day - dt.date(last_day.year - 2, 1, 1)).days + 1


def test_a_value_that_is_not_a_number_counts_as_unknown(marts):
    mood = np.round(np.random.default_rng(2).normal(6, 1, 40))
    marts.outcome("mood", mood)
    with marts.database.connect() as connection:
        connection.execute("update marts.outcomes set value = 'NaN' where day = %s", [marts.day(20)])
        connection.execute("update marts.outcomes set value = 'Infinity' where day = %s", [marts.day(21)])
    (report,) = analyse_baselines(marts.database, marts.person)
    assert (report.status, rows(marts, "days")) == ("accepted", [(38,)])


def test_months_of_one_value_are_not_what_is_usual_and_count_from_when_it_differs(marts):
    mood = np.full(120, 5.0)
    mood[100:] = np.resize([6.0, 7.0, 5.0], 20)
    marts.outcome("mood", mood)
    (report,) = analyse_baselines(marts.database, marts.person)
    assert (report.status, rows(marts, "days")) == ("accepted", [(26,)])


def test_a_few_plots_are_drawn_those_with_a_report_first(marts):
    rng = np.random.default_rng(3)
    names = [f"a_measure_{number}" for number in range(MAX_PLOTS)]
    for name in names:
        marts.outcome(name, rng.normal(5, 1, 40))
    marts.outcome("steps", rng.normal(8000, 900, 40))
    marts.outcome("odd", np.append(rng.normal(5, 1, 39), 15.0))
    reports = {report.target: report for report in analyse_baselines(marts.database, marts.person)}
    drawn = {target for target, report in reports.items() if report.plot is not None}
    assert {"odd", "steps"} <= drawn
    assert len(drawn) <= MAX_PLOTS


def test_metrics_with_a_report_are_plotted_before_those_of_the_registry():
    def series(name, last):
        value = np.append(np.random.default_rng(4).normal(50, 2, 60), last)
        return name, "", Series(np.arange(20_000, 20_061), value, np.ones(61), "", dt.datetime.now(dt.UTC))

    baselines = compute_baselines(
        [series("steps", 50.0), series("free", 50.0), series("weight_kg", 90.0), series("own", 90.0)]
    )
    assert metrics_to_plot(baselines) == ["weight_kg", "own", "steps"]
