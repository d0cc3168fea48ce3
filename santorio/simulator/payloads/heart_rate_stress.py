"""Heart rate every 2 minutes, and stress with body battery every 3 minutes, of one day."""

from typing import Any

import numpy as np

from santorio.simulator.intraday import MEASURED, NOT_MEASURED, RESET, Trace
from santorio.simulator.payloads.common import Payload, Stamps, nulled
from santorio.simulator.person import SimulatedPerson

BATTERY_VERSION = 3.0
SERIES = (
    "heartRateValues",
    "stressValuesArray",
    "bodyBatteryValuesArray",
    "respirationValuesArray",
    "spO2HourlyAverages",
)
STATUS = {NOT_MEASURED: None, MEASURED: "MEASURED", RESET: "RESET"}


def heart_rate(life: SimulatedPerson, day: int, trace: Trace) -> Payload:
    """Make `wellness-service/wellness/dailyHeartRate`: minutes without contact are omitted or null."""
    resting = life.body.resting_hr_bpm.tolist()
    beats = trace.heart_rate_bpm[trace.heart_rate_bpm > 0]
    values: list[list[int | None]] = np.column_stack(
        (trace.heart_rate_at * 1000, trace.heart_rate_bpm)
    ).tolist()
    for place in np.flatnonzero(trace.heart_rate_bpm == 0):
        values[place][1] = None
    return {
        **_head(life, day),
        "maxHeartRate": int(beats.max()),
        "minHeartRate": int(beats.min()),
        "restingHeartRate": resting[day],
        "lastSevenDaysAvgRestingHeartRate": life.weekly_mean(resting, day, nights=False),
        "heartRateValueDescriptors": [{"key": "timestamp", "index": 0}, {"key": "heartrate", "index": 1}],
        "heartRateValues": values,
    }


def stress(life: SimulatedPerson, day: int, trace: Trace) -> Payload:
    """Make `wellness-service/wellness/dailyStress`; the average is over what was measured, as Garmin's is."""
    measured = trace.stress[trace.stress >= 0]
    levels = zip(
        (trace.stress_at * 1000).tolist(), trace.battery_status.tolist(), trace.battery.tolist(), strict=True
    )
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
        "bodyBatteryValueDescriptorsDTOList": [
            {"bodyBatteryValueDescriptorIndex": index, "bodyBatteryValueDescriptorKey": key}
            for index, key in enumerate(
                ("timestamp", "bodyBatteryStatus", "bodyBatteryLevel", "bodyBatteryVersion")
            )
        ],
        "bodyBatteryValuesArray": [
            [at, STATUS[status], None if status == NOT_MEASURED else level, BATTERY_VERSION]
            for at, status, level in levels
        ],
    }


def without_measurements(life: SimulatedPerson, day: int, payload: Payload) -> Payload:
    """Empty a day's payload as Garmin does for a day without the watch."""
    return nulled(payload, {"userProfilePK": life.profile, "calendarDate": life.clock.date(day).isoformat()})


def without_series(payload: Payload) -> Payload:
    """Leave the series out of a day's payload, as Garmin does of old days; the sums stay."""
    if "calendarDate" not in payload:
        return payload
    return {key: None if key in SERIES else value for key, value in payload.items()}


def _head(life: SimulatedPerson, day: int) -> dict[str, Any]:
    start, end = (Stamps(at, life.clock.offset(at)) for at in life.clock.bounds(day))
    return {
        "userProfilePK": life.profile,
        "calendarDate": life.clock.date(day).isoformat(),
        "startTimestampGMT": start.gmt,
        "endTimestampGMT": end.gmt,
        "startTimestampLocal": start.local,
        "endTimestampLocal": end.local,
    }
