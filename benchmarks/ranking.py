"""`python -m benchmarks.ranking`: all interventions and all their designs, for one person, from days to ranking.

A year of days of every metric and of two measures, simulated, and every habit, so that no intervention is excluded.
Cold is as in a process that has ranked nothing yet: every design's variance is computed. Warm is the next person. One
core, and it waits for nothing: the processor's seconds are compared with the bar, the clock's stand beside.
"""

import argparse
import datetime as dt
import json
import statistics
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import machine
from santorio.analyses.series import Series
from santorio.metrics import EXPOSURES, OUTCOMES
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.interventions.custom import CustomInterventions
from santorio.trials.interventions.intervention import Limits
from santorio.trials.proposals.design_search import clear_cache, designs
from santorio.trials.proposals.inputs import ProposalInputs
from santorio.trials.proposals.pipeline import find_plans, rank

RESULTS = Path(__file__).resolve().parent / "results" / "ranking.json"
DAYS = 365
TODAY = dt.date(2026, 6, 1)
BAR_SECONDS = 2.0


def series(rng: np.random.Generator, rho: float) -> Series:
    """A year of days that resemble the days before them."""
    value = rng.normal(size=DAYS)
    for t in range(1, DAYS):
        value[t] = rho * value[t - 1] + np.sqrt(1 - rho**2) * value[t]
    return Series(
        np.arange(DAYS) + 20_000, 100 + 10 * value, np.ones(DAYS), "", dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    )


def simulated(seed: int) -> ProposalInputs:
    """What is known of somebody who logs everything and has every habit."""
    rng = np.random.default_rng(seed)
    return ProposalInputs(
        outcomes={
            name: series(rng, rng.uniform(0.1, 0.7)) for name in (*OUTCOMES, "focus", "energy", "calm")
        },
        exposures={name: series(rng, 0.1) for name in EXPOSURES},
        associations={},
        own=CustomInterventions(),
        past=(),
    )


def ranked(known: ProposalInputs) -> tuple[float, float]:
    """Seconds that finding and ranking all plans takes, by the clock and of the processor."""
    started, worked = time.perf_counter(), time.process_time()
    rank(find_plans(known, TODAY))
    return round(time.perf_counter() - started, 3), round(time.process_time() - worked, 3)


def summarised(name: str, runs: list[tuple[float, float]]) -> dict[str, object]:
    """Medians of several runs; on a busy machine the processor's seconds tell more than the clock's."""
    seconds, worked = zip(*runs, strict=True)
    return {
        f"{name}_seconds_median": statistics.median(seconds),
        f"{name}_seconds_all": seconds,
        f"{name}_processor_seconds_median": statistics.median(worked),
    }


def measure(runs: int) -> dict[str, object]:
    """Rank cold and warm, several times each."""
    interventions = built_in_interventions()
    looked_at = [designs(intervention, Limits()) for intervention in interventions]
    known = simulated(1)
    ranked(known)  # what is imported by the way is no part of ranking
    cold = []
    for _ in range(runs):
        clear_cache()
        cold.append(ranked(known))
    warm = [ranked(simulated(2 + run)) for run in range(runs)]
    return {
        "interventions": len(interventions),
        "outcomes": len(known.outcomes),
        "designs_an_intervention_mean": round(statistics.mean(map(len, looked_at)), 1),
        "interventions_times_designs": sum(map(len, looked_at)),
        "designs_that_differ": len({one for some in looked_at for one in some}),
        **summarised("cold", cold),
        **summarised("warm", warm),
        "bar_processor_seconds": BAR_SECONDS,
        "bar_is_met": statistics.median(worked for _, worked in cold) < BAR_SECONDS,
    }


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--note", help="Under what circumstances, where they were not those of the other figures."
    )
    asked = parser.parse_args()
    results = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": f"OMP_NUM_THREADS=1 python -m benchmarks.ranking --runs {asked.runs}",
        **({"note": asked.note} if asked.note else {}),
        **measure(asked.runs),
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
