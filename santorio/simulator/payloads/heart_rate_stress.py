"""Heart rate every 2 minutes, and stress with body battery every 3 minutes, of one day."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from santorio.simulator.intraday import MEASURED, NOT_MEASURED, RESET, Trace
from santorio.simulator.payloads.common import Payload, Stamps, descriptors, nulled
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import Ints

BATTERY_VERSION = 3.0
SERIES = (
    "heartRateValues",
    "stressValuesArray",
    "bodyBatteryValuesArray",
    "respirationValuesArray",
    "spO2HourlyAverages",
)
STATUS = {NOT_MEASURED: None, MEASURED: "MEASURED", RESET: "RESET"}
BATTERY_COLUMNS = ("timestamp", "bodyBatteryStatus", "bodyBatteryLevel", "bodyBatteryVersion")


def heart_rate(life: SimulatedPerson, day: int, trace: Trace) -> Payload:
    """Make `wellness-service/wellness/dailyHeartRate`: minutes without contact are omitted or null."""
    resting = life.body.resting_hr_bpm.tolist()
    beats = trace.heart_rate_bpm[trace.heart_rate_bpm > 0]
    values: list[list[int | None]] = np.column_stack(
        (trace.heart_rate_at * 1000, trace.heart_rate_bpm)
    ).tolist()
    for row in np.flatnonzero(trace.heart_rate_bpm == 0):
        values[row][1] = None
    return {
        **_head(life, day),
        "maxHeartRate": int(beats.max()),
        "minHeartRate": int(beats.min()),
        "restingHeartRate": resting[day],
        "lastSevenDaysAvgRestingHeartRate": life.weekly_mean(resting, day, nights=False),
        # Garmin writes the key first in some descriptors, and the index first in others.
        "heartRateValueDescriptors": [{"key": "timestamp", "index": 0}, {"key": "heartrate", "index": 1}],
        "heartRateValues": values,
    }


def stress(life: SimulatedPerson, day: int, trace: Trace) -> Payload:
    """Make `wellness-service/wellness/dailyStress`; the average is over what was measured, as Garmin's is."""
    measured = trace.stress[trace.stress >= 0]
    return {
        **_head(life, day),
        "maxStressLevel": int(measured.max()),
        "avgStressLevel": round(float(measured.mean())),
        "stressChartValueOffset": 1,
        "stressChartYAxisOrigin": -1,
        "stressValueDescriptorsDTOList": [
            {"key": "timestamp", "index": 0},
            {"key": "stressLevel", "index": 1},
        ],
        "stressValuesArray": np.column_stack((trace.stress_at * 1000, trace.stress)).tolist(),
        "bodyBatteryValueDescriptorsDTOList": battery_descriptors(BATTERY_COLUMNS),
        "bodyBatteryValuesArray": battery_rows(trace.stress_at, trace.battery_status, trace.battery),
    }


def battery_descriptors(columns: Sequence[str]) -> list[Payload]:
    """Name the columns of a series of body battery."""
    return descriptors(columns, index="bodyBatteryValueDescriptorIndex", key="bodyBatteryValueDescriptorKey")


def battery_rows(at: Ints, status: Ints, level: Ints) -> list[list[Any]]:
    """Make the rows of body battery, in `BATTERY_COLUMNS`: a sample that was not measured has no level."""
    rows: list[list[Any]] = []
    for second, code, value in zip(at.tolist(), status.tolist(), level.tolist(), strict=True):
        shown = None if code == NOT_MEASURED else value
        rows.append([second * 1000, STATUS[code], shown, BATTERY_VERSION])
    return rows


def without_measurements(life: SimulatedPerson, day: int, payload: Payload) -> Payload:
    """Empty a day's payload as Garmin does for a day without the watch."""
    return nulled(payload, {"userProfilePK": life.profile, "calendarDate": life.clock.date(day).isoformat()})


def without_series(payload: Payload) -> Payload:
    """Null the series of a day's payload, as Garmin does for archived days; the sums stay."""
    if "calendarDate" not in payload:
        return payload
    archived = dict(payload)
    for key in SERIES:
        if key in archived:
            archived[key] = None
    return archived


def _head(life: SimulatedPerson, day: int) -> dict[str, Any]:
    start_at, end_at = life.clock.bounds(day)
    start, end = Stamps(start_at, life.clock.offset(start_at)), Stamps(end_at, life.clock.offset(end_at))
    return {
        "userProfilePK": life.profile,
        "calendarDate": life.clock.date(day).isoformat(),
        "startTimestampGMT": start.gmt,
        "endTimestampGMT": end.gmt,
        "startTimestampLocal": start.local,
        "endTimestampLocal": end.local,
    }
