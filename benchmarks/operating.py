"""The exact engine: seconds a trial, and the operating characteristics of a design from 10,000 simulated trials.

`python -m benchmarks.operating` writes `benchmarks/results/operating.json`. Everything is measured `ROUNDS` times in
one process after one warm-up; medians are reported.
"""

import datetime as dt
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.harness import machine
from santorio.stats.assurance import Noise
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import CarryOver, carry_over_from, robust_mixture
from santorio.stats.evaluation.operating_characteristics import Analysis, operating_characteristics
from santorio.stats.exact_inference import fit_trial
from santorio.stats.randomization import draw_daily

RESULTS = Path(__file__).resolve().parent / "results" / "operating.json"
ROUNDS = 5
TRIALS = 10_000
BAR_SECONDS = 2.0
EFFECTS = (-0.6, 0.0, 0.3, 0.6, 0.9)
LOOKS = (35, 49)


def design_of(days: int) -> TrialDesign:
    """A schedule by day, drawn with a fixed seed; one day in ten is missing."""
    cycles = days // 14
    observed = np.random.default_rng(3).random(14 * cycles) >= 0.1
    every = np.arange(14 * cycles)
    return TrialDesign(every + 20000, draw_daily(cycles, 14, 3), every // 14, observed, 2)


def median_seconds(way: Callable[[], object]) -> tuple[float, list[float]]:
    """Median and all of `ROUNDS` runs."""
    way()
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        way()
        found.append(round(time.perf_counter() - started, 4))
    return statistics.median(found), found


def fits() -> list[dict[str, object]]:
    """One trial, and a thousand outcomes of one design."""
    lasting = carry_over_from(1.0)
    cases: list[tuple[str, int, int, CarryOver | None, bool]] = [
        ("effects within the day", 28, 1, None, False),
        ("effects within the day", 70, 1, None, False),
        ("effects within the day", 364, 1, None, False),
        ("carry-over unknown", 70, 1, lasting, False),
        ("carry-over unknown", 364, 1, lasting, False),
        ("carry-over unknown, a belief beside the weak prior", 70, 1, lasting, True),
        ("effects within the day, coarse nodes", 70, 1000, None, False),
        ("carry-over unknown, coarse nodes", 70, 1000, lasting, False),
    ]
    rows: list[dict[str, object]] = []
    for what, days, outcomes, carry_over, believed in cases:
        design = design_of(days)
        y = np.random.default_rng(1).normal(size=(int(design.observed.sum()), outcomes))
        # A thousand at once is what simulations ask for, which take fewer nodes.
        settings = {"fine": outcomes == 1, **({"prior": robust_mixture(0.4, 0.2)} if believed else {})}
        seconds, every = median_seconds(
            lambda d=design, y=y, c=carry_over, p=settings: fit_trial(d, y, carry_over=c, **p)  # type: ignore[misc]
        )
        rows.append(
            {
                "what": what,
                "days": days,
                "outcomes": outcomes,
                "seconds_median": seconds,
                "milliseconds_an_outcome": round(1000 * seconds / outcomes, 4),
                "seconds_all": every,
            }
        )
    return rows


def characteristics() -> list[dict[str, object]]:
    """Operating characteristics of 70 days by day, φ = 0.4, δ = 0.3 SD."""
    every = np.arange(70)
    design = TrialDesign(every + 20000, draw_daily(5, 14, 3), every // 14, np.ones(70, dtype=bool), 2)
    lasting = Analysis(carry_over=carry_over_from(1.0))
    cases: list[tuple[str, tuple[float, ...], tuple[int, ...], Analysis | None]] = [
        ("one effect", (0.6,), (), None),
        ("one effect, two looks", (0.6,), LOOKS, None),
        ("five effects, two looks", EFFECTS, LOOKS, None),
        ("one effect, carry-over unknown", (0.6,), (), lasting),
        ("one effect, carry-over unknown, two looks", (0.6,), LOOKS, lasting),
    ]
    rows: list[dict[str, object]] = []
    for what, effects, looks, analysis in cases:
        seconds, found = median_seconds(
            lambda e=effects, k=looks, a=analysis: operating_characteristics(  # type: ignore[misc]
                design, Noise(1.0, 0.4), e, 0.3, trials=TRIALS, interim_days=k, analysis=a
            )
        )
        rows.append(
            {
                "what": what,
                "trials": TRIALS * len(effects),
                "seconds_median": seconds,
                "seconds_all": found,
                # The bar is for 10,000 trials in all.
                "bar_seconds": BAR_SECONDS if len(effects) == 1 else None,
            }
        )
    return rows


def main() -> None:
    """Measure, write, print."""
    results = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.operating",
        "fits": fits(),
        "operating_characteristics": characteristics(),
    }
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(results, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
