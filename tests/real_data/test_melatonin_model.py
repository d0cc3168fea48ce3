"""The published melatonin study, straight from its file: the figures that its authors report."""

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from santorio.analyses.series import Series, day_number
from santorio.stats.design_matrix import background_columns
from santorio.stats.exact_inference import fit_exact, fit_trial
from santorio.stats.gaussian_model import TrialModel
from santorio.trials.analysis.data import Trial, study_outcome
from santorio.trials.analysis.fit import effect_draws
from santorio.trials.analysis.pipeline import results
from santorio.trials.analysis.preprocessing import prepare

FILE = Path(__file__).resolve().parents[3] / "shared/data/nof1/melatonin/miura_ema_70day.csv"
pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="the real data lies beside the repository, and is not there"
)
KNOWN = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def pings():
    with FILE.open(encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["study_day"]]


@pytest.fixture(scope="module")
def study(pings):
    days = sorted({int(float(row["study_day"])) for row in pings})
    dates = {
        day: [dt.date.fromisoformat(row["date"]) for row in pings if float(row["study_day"]) == day]
        for day in days
    }
    arm = {int(float(row["study_day"])): int(row["melatonin"]) for row in pings}
    return Trial(
        name="melatonin", question="", arms=("control", "melatonin"), outcome="mood", secondary=(), direction="higher",
        smallest_effect=None, lag_days=0, period_days=None, washout_days=0, study_day=np.array(days),
        first_day=np.array([day_number(min(dates[day])) for day in days]),
        last_day=np.array([day_number(max(dates[day])) for day in days]),
        arm=np.array([arm[day] for day in days]), as_of=KNOWN,
    )  # fmt: skip


@pytest.fixture(scope="module")
def mood(pings):
    """Daily means by date, with how many pings each holds."""
    days = sorted({row["date"] for row in pings if row["mood"]})
    values = [[float(row["mood"]) for row in pings if row["date"] == day and row["mood"]] for day in days]
    return Series(
        np.array([day_number(dt.date.fromisoformat(day)) for day in days]),
        np.array([np.mean(v) for v in values]),
        np.array([float(len(v)) for v in values]),
        "points",
        KNOWN,
    )


@pytest.fixture(scope="module")
def prepared(study, mood):
    return prepare(study, "mood", study_outcome(study, mood, 0))


def test_daily_means_and_their_difference_are_the_published_ones(study, prepared):
    control, melatonin = (prepared.outcome[study.arm == k] for k in (0, 1))
    assert (len(control), len(melatonin)) == (35, 35)
    assert round(control.mean(), 2) == 76.67
    assert round(melatonin.mean(), 2) == 77.59
    assert round(melatonin.mean() - control.mean(), 2) == 0.92
    assert round(control.std(ddof=1), 2) == 6.41
    assert round(melatonin.std(ddof=1), 2) == 4.45


def test_the_interval_includes_zero_by_sampling_and_exactly(study, prepared):
    fit = TrialModel(len(prepared.design.columns().names)).fit(prepared.design, prepared.standard)
    (row,) = results(study, prepared, fit, primary=True, ended=True)
    assert fit.diagnostics.problem is None
    assert row["lower_95"] < 0 < row["upper_95"]
    assert round(row["raw_difference"], 2) == 0.92
    assert row["decision"] in {"no difference that matters", "keep going"}
    assert row["randomisation_p"] > 0.2
    exactly = fit_trial(prepared.design, prepared.standard)
    assert effect_draws(fit, prepared, 1).mean() == pytest.approx(
        exactly.mean("arm_1")[0] * prepared.spread, abs=0.1 * row["sd"]
    )
    assert exactly.quantile("arm_1", 0.025)[0] < 0 < exactly.quantile("arm_1", 0.975)[0]


def test_the_day_to_day_correlation_of_days_18_to_70_is_the_published_one(study, prepared):
    # The authors' first model regresses each of these days on the day before; day 18's is day 17.
    day, before = prepared.outcome[17:], prepared.outcome[16:-1]
    assert len(day) == 53
    assert round(np.polyfit(before, day, 1)[0], 3) == 0.341
    later = prepared.outcome[17:]
    posterior = fit_exact(
        background_columns(study.first_day[17:]), (later - later.mean()) / later.std(ddof=1)
    )
    assert -0.2 < posterior.rho_mean()[0] < 0.6
