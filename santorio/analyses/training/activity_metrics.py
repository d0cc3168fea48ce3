"""The figures of one recording: everything that needs its seconds, and nothing that needs a person's history."""

from dataclasses import dataclass

import numpy as np

from santorio.analyses.training.best_efforts import DURATIONS, best_means
from santorio.analyses.training.decoupling import decoupling_pct, efficiency
from santorio.analyses.training.power import normalized_power, work_kj
from santorio.analyses.training.resample import Column, Seconds, seconds_of

# Histograms begin at this heart rate, and at 0 W.
LOWEST_BPM = 25


@dataclass(frozen=True, slots=True)
class ActivityMetrics:
    """Metrics of a session, in the order and the names of `training.recordings`.

    None where nothing was measured. Histograms hold seconds: by whole beats a minute from 25 on, by whole watts from
    0 on. Best efforts are as long as `DURATIONS`.
    """

    seconds: int
    elapsed_seconds: int
    power_seconds: int
    hr_seconds: int
    speed_seconds: int
    avg_power_w: float | None
    normalized_power_w: float | None
    whole_windows_power_w: float | None
    work_kj: float | None
    avg_hr_bpm: float | None
    avg_speed_mps: float | None
    efficiency_w_per_bpm: float | None
    efficiency_m_per_beat: float | None
    power_decoupling_pct: float | None
    speed_decoupling_pct: float | None
    hr_histogram_s: list[int] | None
    power_histogram_s: list[int] | None
    best_power_w: list[float | None] | None
    best_hr_bpm: list[float | None] | None
    best_speed_mps: list[float | None] | None


def compute_activity_metrics(
    times: Column, power_w: Column, heart_rate_bpm: Column, speed_mps: Column
) -> ActivityMetrics:
    """Compute the figures of a session from its records (Unix seconds, watts, beats a minute, m/s; NaN for nothing)."""
    found = seconds_of(times, {"power_w": power_w, "heart_rate_bpm": heart_rate_bpm, "speed_mps": speed_mps})
    power, heart, speed = (found.columns[name] for name in ("power_w", "heart_rate_bpm", "speed_mps"))
    has_power, has_heart, has_speed = (bool(np.isfinite(column).any()) for column in (power, heart, speed))
    normalized = normalized_power(power) if has_power else None
    mean_speed = float(np.nanmean(speed)) if has_speed else None
    return ActivityMetrics(
        seconds=len(found),
        elapsed_seconds=int(found.at[-1]) + 1 if len(found) else 0,
        power_seconds=int(np.isfinite(power).sum()),
        hr_seconds=int(np.isfinite(heart).sum()),
        speed_seconds=int(np.isfinite(speed).sum()),
        avg_power_w=float(np.nanmean(power)) if has_power else None,
        normalized_power_w=normalized,
        whole_windows_power_w=normalized_power(power, convention="whole_windows", stretches=found.stretches)
        if has_power
        else None,
        work_kj=work_kj(power) if has_power else None,
        avg_hr_bpm=float(np.nanmean(heart)) if has_heart else None,
        avg_speed_mps=mean_speed,
        efficiency_w_per_bpm=efficiency(normalized, heart) if normalized else None,
        efficiency_m_per_beat=efficiency(mean_speed * 60, heart) if mean_speed else None,
        power_decoupling_pct=decoupling_pct(power, heart),
        speed_decoupling_pct=decoupling_pct(speed, heart),
        hr_histogram_s=histogram(heart, LOWEST_BPM) if has_heart else None,
        power_histogram_s=histogram(power, 0) if has_power else None,
        best_power_w=_best(found, "power_w", paused=0.0) if has_power else None,
        best_hr_bpm=_best(found, "heart_rate_bpm", paused=np.nan) if has_heart else None,
        best_speed_mps=_best(found, "speed_mps", paused=0.0) if has_speed else None,
    )


def histogram(values: Column, lowest: int) -> list[int]:
    """Seconds at each whole number from `lowest` up to the highest value, halves to the even number."""
    known = np.rint(values[np.isfinite(values)]).astype(np.int64) - lowest
    return [int(count) for count in np.bincount(known)]


def _best(found: Seconds, name: str, *, paused: float) -> list[float | None]:
    return best_means(found.elapsed(name, paused=paused), DURATIONS)
