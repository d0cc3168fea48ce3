"""The metrics of one recording: everything that needs its seconds, and nothing that needs a person's history."""

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
    """Compute the metrics of a session from its records.

    Parameters
    ----------
    times, power_w, heart_rate_bpm, speed_mps
        Unix seconds, W, beats a minute, m/s; one per record, NaN where nothing was measured.
    """
    seconds = seconds_of(
        times, {"power_w": power_w, "heart_rate_bpm": heart_rate_bpm, "speed_mps": speed_mps}
    )
    power = seconds.columns["power_w"]
    heart = seconds.columns["heart_rate_bpm"]
    speed = seconds.columns["speed_mps"]
    elapsed_seconds = 0
    if len(seconds):
        elapsed_seconds = int(seconds.at[-1]) + 1
    normalized = normalized_power(power)
    whole_windows = normalized_power(power, convention="whole_windows", stretches=seconds.stretches)
    mean_speed = _mean(speed)
    watts_per_bpm = None
    if normalized:
        watts_per_bpm = efficiency(normalized, heart)
    metres_per_beat = None
    if mean_speed:
        metres_per_beat = efficiency(mean_speed * 60, heart)
    return ActivityMetrics(
        seconds=len(seconds),
        elapsed_seconds=elapsed_seconds,
        power_seconds=_measured(power),
        hr_seconds=_measured(heart),
        speed_seconds=_measured(speed),
        avg_power_w=_mean(power),
        normalized_power_w=normalized,
        whole_windows_power_w=whole_windows,
        work_kj=work_kj(power),
        avg_hr_bpm=_mean(heart),
        avg_speed_mps=mean_speed,
        efficiency_w_per_bpm=watts_per_bpm,
        efficiency_m_per_beat=metres_per_beat,
        power_decoupling_pct=decoupling_pct(power, heart),
        speed_decoupling_pct=decoupling_pct(speed, heart),
        hr_histogram_s=histogram(heart, LOWEST_BPM),
        power_histogram_s=histogram(power, 0),
        # A pause is rest for power and speed; a heart goes on beating, at a rate that is not known.
        best_power_w=_best(seconds, "power_w", paused=0.0),
        best_hr_bpm=_best(seconds, "heart_rate_bpm", paused=np.nan),
        best_speed_mps=_best(seconds, "speed_mps", paused=0.0),
    )


def _measured(column: Column) -> int:
    """Seconds with a measurement."""
    return int(np.isfinite(column).sum())


def _mean(column: Column) -> float | None:
    """Mean of what was measured; None for nothing."""
    if not _measured(column):
        return None
    return float(np.nanmean(column))


def histogram(column: Column, lowest: int) -> list[int] | None:
    """Seconds at each whole number from `lowest` up to the highest value, halves to the even number."""
    if not _measured(column):
        return None
    measured = column[np.isfinite(column)]
    return np.bincount(np.rint(measured).astype(np.int64) - lowest).tolist()


def _best(seconds: Seconds, name: str, *, paused: float) -> list[float | None] | None:
    """Best efforts of a column; None where nothing was measured."""
    if not _measured(seconds.columns[name]):
        return None
    return best_means(seconds.elapsed(name, paused=paused), DURATIONS)
