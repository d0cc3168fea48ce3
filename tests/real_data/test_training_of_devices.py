"""Our figures of training beside those that devices and Garmin's account state of themselves.

The data lies beside the repository and is not part of it. What differs by more than a hundredth is explained here and
in docs/training.md, one by one.
"""

import datetime as dt
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from santorio.analyses.training.activity_metrics import ActivityMetrics, compute_activity_metrics
from santorio.analyses.training.power import WINDOW
from santorio.analyses.training.records import spans_of
from santorio.analyses.training.resample import Seconds, seconds_of
from santorio.ingest.formats.fit.decoder import decode
from santorio.ingest.formats.fit.records import records_of
from support.training_oracle.stress_score import intensity_factor, training_stress_score

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "training.md"
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data) is not here")


@dataclass(frozen=True)
class Stated:
    """A session's own figures, and ours of its records."""

    device: str
    power_w: float
    stress: float
    factor: float
    threshold_w: float
    found: ActivityMetrics
    seconds: Seconds

    @property
    def windows(self) -> int:
        """Seconds at which a window of thirty measured ones ends within one stretch."""
        power = self.seconds.columns["power_w"]
        parts = np.split(power, self.seconds.stretches[1:])
        return sum(max(0, int(np.isfinite(part).sum()) - WINDOW + 1) for part in parts)


@cache
def stated() -> dict[str, Stated]:
    """By what the device calls itself: every session of every file that states normalised power of any."""
    return {one.device: one for path in sorted((DATA / "fit").rglob("*.fit")) for one in _stated(path)}


def _stated(path: Path) -> Iterator[Stated]:
    decoded = decode(path.read_bytes())
    sessions = decoded.all("session") if decoded is not None else []
    if decoded is None or len(sessions) != 1 or not sessions[0].get("normalized_power"):
        return
    [session] = sessions
    records = records_of(decoded, latest=NOW.timestamp())
    nothing = np.full(len(records.times), np.nan)
    power, heart, speed = (
        records.columns.get(name, nothing) for name in ("power_w", "heart_rate_bpm", "speed_mps")
    )
    about = decoded.first("file_id")
    yield Stated(
        f"{about.get('manufacturer')} {about.get('garmin_product') or about.get('product')}",
        float(str(session["normalized_power"])),
        float(str(session["training_stress_score"])),
        float(str(session["intensity_factor"])),
        float(str(session["threshold_power"])),
        compute_activity_metrics(records.times, power, heart, speed),
        seconds_of(records.times, {"power_w": power}),
    )


def off(ours: float, theirs: float) -> float:
    """How far off (%)."""
    return 100 * (ours / theirs - 1)


def test_files_of_five_devices_state_normalised_power() -> None:
    assert set(stated()) == {
        "garmin edge800", "garmin edge810", "garmin 3121", "wahoo_fitness 28", "wahoo_fitness 31",
    }  # fmt: skip


def test_by_the_devices_own_convention_every_normalised_power_is_within_a_third_of_a_percent() -> None:
    found = {name: off(one.found.whole_windows_power_w or 0, one.power_w) for name, one in stated().items()}
    assert {name: round(value, 2) for name, value in found.items()} == {
        "garmin edge800": 0.0, "garmin edge810": 0.02, "garmin 3121": 0.27, "wahoo_fitness 28": -0.11,
        "wahoo_fitness 31": 0.22,
    }  # fmt: skip


def test_padded_with_zeros_it_is_lower_where_a_ride_is_short_or_stops_often_and_nowhere_else() -> None:
    found = {name: off(one.found.normalized_power_w or 0, one.power_w) for name, one in stated().items()}
    beyond = {name: round(value, 1) for name, value in found.items() if abs(value) > 1}
    # Two minutes, of which the window fills for half of one; 45 stops, over which it rolls on.
    assert beyond == {"wahoo_fitness 31": -5.6, "wahoo_fitness 28": -2.3}
    assert stated()["wahoo_fitness 31"].found.seconds == 132
    assert len(stated()["wahoo_fitness 28"].seconds.stretches) == 46
    assert [len(stated()[name].seconds.stretches) for name in found if name not in beyond] == [1, 1, 1]


def test_intensity_is_the_share_of_the_devices_threshold() -> None:
    for one in stated().values():
        ours = intensity_factor(one.found.whole_windows_power_w or 0, one.threshold_w)
        assert ours == pytest.approx(one.factor, rel=0.005)
        assert one.power_w / one.threshold_w == pytest.approx(one.factor, rel=0.005)


def test_stress_is_within_a_percent_or_the_device_counts_other_seconds() -> None:
    found = {
        name: off(
            training_stress_score(
                one.found.power_seconds, one.found.normalized_power_w or 0, one.threshold_w
            ),
            one.stress,
        )
        for name, one in stated().items()
    }
    assert {name: round(value, 2) for name, value in found.items()} == {
        "garmin 3121": 0.42, "garmin edge810": 0.15, "garmin edge800": 1.08, "wahoo_fitness 28": -4.78,
        "wahoo_fitness 31": 18.19,
    }  # fmt: skip


def test_devices_count_the_seconds_of_whole_windows_as_garmin_or_all_as_one_of_wahoo() -> None:
    explained = {}
    for name, one in stated().items():
        power = one.found.whole_windows_power_w or 0
        seconds = one.found.power_seconds if name == "wahoo_fitness 28" else one.windows
        explained[name] = (training_stress_score(seconds, power, one.threshold_w), one.stress)
    for name in ("garmin 3121", "garmin edge810", "garmin edge800", "wahoo_fitness 28"):
        ours, theirs = explained[name]
        assert abs(off(ours, theirs)) < 0.6
    ours, theirs = explained["wahoo_fitness 31"]
    # 1.56, cut to one decimal.
    assert math.floor(ours * 10) / 10 == theirs == 1.5


def test_the_document_shows_these_numbers() -> None:
    text = DOCUMENT.read_text()
    for one in stated().values():
        stress = training_stress_score(
            one.found.power_seconds, one.found.normalized_power_w or 0, one.threshold_w
        )
        row = (
            f"| {one.power_w:.0f} | {one.found.normalized_power_w:.1f} | {one.found.whole_windows_power_w:.1f} "
            f"| {one.stress:.1f} | {stress:.1f} |"
        )
        assert row in text


def test_the_sessions_of_a_day_of_many_sports_share_its_records_and_count_none_twice() -> None:
    path = DATA / "fit" / "activity" / "activity-large-fenxi2-multisport.fit"
    decoded = decode(path.read_bytes())
    assert decoded is not None
    times = records_of(decoded, latest=NOW.timestamp()).times
    sessions = [
        {
            "start_time": dt.datetime.fromtimestamp(float(str(one["start_time"])), dt.UTC).isoformat(),
            "total_elapsed_time_s": one["total_elapsed_time"],
        }
        for one in decoded.all("session")
    ]
    spans = spans_of({"sessions": sessions}, times)
    inside = np.array([(times >= start) & (times < end) for start, end in spans])
    assert len(sessions) == 7
    # The first says that it began at 08:00:01, 45 minutes after its first record, and lasted until the third was over.
    assert inside.sum(axis=0).max() == 1
    # Between two sessions the watch wrote a second here and there.
    assert int((inside.sum(axis=0) == 0).sum()) <= 7
    assert inside[0].sum() > 11_000


def garmins_days() -> dict[dt.date, dict[str, Any]]:
    """Acute and chronic load of each day as the account tells them, of the one account that does."""
    found: dict[dt.date, dict[str, Any]] = {}

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(told := value.get("acuteTrainingLoadDTO"), dict):
                found[dt.date.fromisoformat(value["calendarDate"])] = told
            value = list(value.values())
        for one in value if isinstance(value, list) else []:
            look(one)

    for path in sorted((DATA / "garmin").rglob("*trainingstatus*.json")):
        look(json.loads(path.read_text()))
    return found


def test_garmins_ratio_is_acute_over_chronic_cut_to_a_decimal() -> None:
    days = garmins_days()
    assert len(days) == 408
    exact = 0
    for told in days.values():
        acute, chronic = told["dailyTrainingLoadAcute"], told["dailyTrainingLoadChronic"]
        ratio = told["dailyAcuteChronicWorkloadRatio"]
        exact += math.floor(10 * acute / chronic + 1e-9) / 10 == ratio
        # Both are shown as whole numbers, and divided before they were made so.
        lowest, highest = max(0, acute - 1) / (chronic + 1), (acute + 1) / (chronic - 1)
        assert math.floor(10 * lowest) / 10 <= ratio <= highest
        assert told["minTrainingLoadChronic"] == pytest.approx(0.8 * chronic)
        assert told["maxTrainingLoadChronic"] == pytest.approx(1.5 * chronic)
    assert exact == 406


def test_garmins_chronic_load_is_a_mean_of_its_acute_load_today_included_so_that_the_two_are_coupled() -> (
    None
):
    days = garmins_days()
    run = [day for day in sorted(days) if day >= dt.date(2024, 6, 19)]
    assert len(run) == (run[-1] - run[0]).days + 1
    acute, chronic = (
        np.array([days[day][name] for day in run], dtype=np.float64)
        for name in ("dailyTrainingLoadAcute", "dailyTrainingLoadChronic")
    )
    # It never shows less than 219 once somebody has trained for a while: those days say nothing of the mean.
    use = np.array([day for day in range(32, len(run)) if chronic[day] > 220])
    earlier = np.array([acute[day - 32 : day + 1][::-1] for day in use])
    half = len(use) * 6 // 10
    weights = np.linalg.lstsq(earlier[:half], chronic[use[:half]], rcond=None)[0]
    missed = np.abs(earlier[half:] @ weights - chronic[use[half:]])
    assert np.median(missed) < 0.5
    assert missed.max() < 2.5
    assert weights.sum() == pytest.approx(1, abs=0.005)
    assert weights[0] == pytest.approx(0.186, abs=0.005)
