"""`python -m benchmarks.effects`: what goes with what, for three years of ten outcomes and 25 exposures.

From a person's series to ranked rows, without a database: preparing, gathering, sampling, ranking. Each size is a
process of its own: cold is its first fit with imports, of the first size with compilation as well; warm is the next
person in the same process. The diagnostics of every fit stand beside; a fit that may not be published counts for
nothing. It waits for nothing: the processor's seconds, of both cores together, are held against the bar, the clock's
stand beside.
"""

import argparse
import datetime as dt
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import ROOT, machine, measure

RESULTS = Path(__file__).resolve().parent / "results" / "effects.json"
MAIN = (1095, 10, 25)
SIZES = (MAIN, (1095, 1, 25), (365, 10, 25), (3650, 10, 25))
BAR_SECONDS, BAR_MIB = 60.0, 2048.0
MISSING = 0.05
RHO = 0.4


def fitted(days: int, outcomes: int, exposures: int, seed: int) -> dict[str, object]:
    """Simulate a person and find what goes with what; seconds by stage, and what the sampler said of itself."""
    started, worked = time.perf_counter(), time.process_time()
    from santorio.analyses.effects.design import prepare
    from santorio.analyses.effects.pipeline import fit, results
    from santorio.analyses.series import Series

    rng = np.random.default_rng(seed)

    def series(values: np.ndarray) -> Series:
        kept = rng.random(len(values)) >= MISSING
        day = np.arange(len(values))[kept] + 20_000
        return Series(day, values[kept], np.ones(len(day)), "", dt.datetime(2026, 6, 1, tzinfo=dt.UTC))

    amounts = rng.gamma(2.0, 10.0, (days, exposures))
    # A few exposures matter, each for about half of the outcomes.
    effects = (
        (np.arange(exposures) < 5)
        * (rng.random((outcomes, exposures)) < 0.5)
        * rng.normal(0, 0.03, (outcomes, exposures))
    )
    noise = rng.normal(size=(days, outcomes))
    for t in range(1, days):
        noise[t] = RHO * noise[t - 1] + np.sqrt(1 - RHO**2) * noise[t]
    lived = noise
    lived[1:] += amounts[:-1] @ effects.T
    told = {f"supplement_{j:02d}": series(amounts[:, j]) for j in range(exposures)}
    prepared_from = time.perf_counter()
    names = [*("sleep_minutes", "deep_sleep_minutes", "sleep_score", "hrv_rmssd_ms", "resting_hr_bpm", "stress_avg"),
             *("body_battery_high", "weight_kg", "mood", "focus")]  # fmt: skip
    regressions = [prepare(names[o], series(lived[:, o]), told) for o in range(outcomes)]
    fits = fit(regressions, {})
    rows = [row for one in regressions for row in results(one, fits[one.outcome], {})]
    diagnostics = fits[regressions[0].outcome].diagnostics
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds": round(time.process_time() - worked, 2),
        "seconds_without_imports_and_simulation": round(time.perf_counter() - prepared_from, 2),
        "sampling_seconds": round(diagnostics.seconds, 2),
        "rows": len(rows),
        "fitted_together": fits[regressions[0].outcome].outcomes,
        "refused": sum(one.diagnostics.problem is not None for one in fits.values()),
        "r_hat": round(diagnostics.r_hat, 4),
        "ess_smallest": round(min(diagnostics.ess_bulk, diagnostics.ess_tail)),
        "divergences": diagnostics.divergences,
        "attempts": diagnostics.attempts,
    }


def once(days: int, outcomes: int, exposures: int) -> None:
    """Two people in this process, as JSON; the peak of its memory too."""
    cold = fitted(days, outcomes, exposures, seed=1)
    warm = fitted(days, outcomes, exposures, seed=2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"cold": cold, "warm": warm, "peak_resident_mib": round(peak, 1)}) + "\n")


def in_a_process(size: tuple[int, int, int], kept: str) -> dict[str, object]:
    """Measure one size in a process of its own, with what Numba keeps in the folder `kept`."""
    command = [sys.executable, "-m", "benchmarks.effects", "--once", *map(str, size)]
    run = measure(command, cwd=ROOT, environment={"NUMBA_CACHE_DIR": kept, "OMP_NUM_THREADS": "1"})
    if run.returncode:
        raise RuntimeError(run.output[-2000:])
    told: dict[str, object] = json.loads(run.output.splitlines()[-1])
    days, outcomes, exposures = size
    return {
        "days": days,
        "outcomes": outcomes,
        "exposures": exposures,
        **told,
        "peak_mib": run.peak_mib,
    }


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", type=int, nargs=3, metavar=("DAYS", "OUTCOMES", "EXPOSURES"))
    parser.add_argument(
        "--sizes", type=int, default=len(SIZES), help="How many of the sizes, from the first."
    )
    parser.add_argument("--note", help="Under what circumstances, where they were not those of the others.")
    asked = parser.parse_args()
    if asked.once:
        once(*asked.once)
        return
    with tempfile.TemporaryDirectory() as kept:
        sizes = [in_a_process(size, kept) for size in SIZES[: asked.sizes]]
    cold: Any = sizes[0]["cold"]
    results = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": f"python -m benchmarks.effects --sizes {asked.sizes}",
        **({"note": asked.note} if asked.note else {}),
        "bar_processor_seconds": BAR_SECONDS,
        "bar_mib": BAR_MIB,
        "bar_is_met": cold["processor_seconds"] < BAR_SECONDS
        and float(str(sizes[0]["peak_mib"])) < BAR_MIB
        and cold["refused"] == 0,
        "sizes": sizes,
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
