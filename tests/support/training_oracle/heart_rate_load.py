"""Heart rate: training impulses and the load scaled to threshold; and what the person says it felt like."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Sex = Literal["men", "women"]
# Banister 1991; Morton, Fitz-Clarke & Banister 1990 (doi:10.1152/jappl.1990.69.3.1171), with the coefficients of
# Green et al.
EXPONENT = {"men": 1.92, "women": 1.67}
FACTOR = {"men": 0.64, "women": 0.86}
# GoldenCheetah (`TRIMPPoints.cpp`) keeps the men's factor for women.
GOLDENCHEETAH_FACTOR = {"men": 0.64, "women": 0.64}
# Edwards 1993: from these shares of the highest heart rate on a minute counts 1, 2, 3, 4, 5.
EDWARDS_FLOORS = (0.5, 0.6, 0.7, 0.8, 0.9)


def reserve(heart_rate_bpm: npt.ArrayLike, resting_bpm: float, max_bpm: float) -> npt.NDArray[np.float64]:
    """Share of the heart rate reserve in use, held to 0 to 1 (Karvonen)."""
    share = (np.asarray(heart_rate_bpm, dtype=np.float64) - resting_bpm) / (max_bpm - resting_bpm)
    return np.clip(share, 0.0, 1.0)


def banister_trimp(
    heart_rate_bpm: npt.ArrayLike,
    seconds: npt.ArrayLike,
    *,
    resting_bpm: float,
    max_bpm: float,
    sex: Sex,
    women_factor: float = FACTOR["women"],
) -> float:
    """Training impulse: minutes · HRr · a e^(b HRr), summed over heart rates.

    Parameters
    ----------
    heart_rate_bpm, seconds
        A histogram: how long each heart rate was held. GoldenCheetah takes the whole recording at its mean heart rate
        instead, which is never more, because the curve bends upwards.
    sex
        a and b are 0.64 and 1.92 for men, 0.86 and 1.67 for women.
    women_factor
        a for women: 0.86 (Banister 1991), or 0.64 as GoldenCheetah keeps it.

    Returns
    -------
    float
        In minutes weighted by intensity: arbitrary units.
    """
    share = reserve(heart_rate_bpm, resting_bpm, max_bpm)
    factor = women_factor if sex == "women" else FACTOR["men"]
    weight = share * factor * np.exp(EXPONENT[sex] * share)
    return float(np.sum(np.asarray(seconds, dtype=np.float64) * weight) / 60)


def heart_rate_load(
    trimp: float, *, threshold_bpm: float, resting_bpm: float, max_bpm: float, sex: Sex
) -> float:
    """Banister's impulse on the scale of TSS: 100 for an hour at threshold heart rate. Here it is called hrTSS.

    The factor a cancels out, so that only the exponent depends on the sex. TrainingPeaks' hrTSS counts minutes in
    zones instead: the two are not the same number.
    """
    hour = banister_trimp([threshold_bpm], [3600], resting_bpm=resting_bpm, max_bpm=max_bpm, sex=sex)
    return 100 * trimp / hour


def edwards_trimp(heart_rate_bpm: npt.ArrayLike, seconds: npt.ArrayLike, *, max_bpm: float) -> float:
    """Minutes in five zones of the highest heart rate, counted 1 to 5; below half of it nothing (Edwards 1993)."""
    share = np.asarray(heart_rate_bpm, dtype=np.float64) / max_bpm
    zone = np.searchsorted(np.array(EDWARDS_FLOORS) - 1e-12, share, side="right")
    return float(np.sum(np.asarray(seconds, dtype=np.float64) * zone) / 60)


def session_rpe(rpe: float, minutes: float) -> float:
    """Load as felt: rating of 0 to 10 times minutes (Foster et al. 2001, doi:10.1519/00124278-200102000-00019)."""
    return rpe * minutes
