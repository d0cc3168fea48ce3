"""How well the chains of each likelihood mix, over twenty seeds: the smallest ESS of a first attempt, and the retries.

`python -m benchmarks.mixing` writes `benchmarks/results/mixing.json`, beside what the file says of the model before its
path was centred on the days (`before`), by the same data and seeds.
"""

import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from scipy.special import expit

from benchmarks.harness import machine
from santorio.arrays import FloatArray
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.latent_model import LatentTrialModel
from santorio.stats.outcome_types import CodedOutcome, code_outcome
from santorio.stats.sampler import Fit, sample_once

RESULTS = Path(__file__).resolve().parent / "results" / "mixing.json"
DAYS = 112
PHI = 0.4
SEEDS = range(1, 21)
OTHER_RATINGS = range(11, 19)
RATING_CUTS = np.array([-3.0, -2.2, -1.4, -0.6, 0.0, 0.8, 1.7, 2.6, 3.4])


class OneAttempt(LatentTrialModel):
    """A model that does not try again: the second attempt would hide how the first went."""

    def sample(self, data: Mapping[str, FloatArray]) -> Fit:
        """Sample once."""
        return sample_once(self.compile().with_data(**data), self.sampler_config)


def daily_design() -> TrialDesign:
    """Two arms by day in fortnights; one day in twenty is missing."""
    rng = np.random.default_rng(5)
    cycles = DAYS // 14
    arm = np.concatenate([rng.permutation(np.repeat([0, 1], 7)) for _ in range(cycles)])
    return TrialDesign(np.arange(DAYS) + 20000, arm, np.arange(DAYS) // 14, rng.random(DAYS) > 0.05, 2)


def predictor(rng: np.random.Generator, level: float, path_sd: float, effect: float) -> FloatArray:
    """Linear predictor of every day: a level, a path that resembles itself, an effect."""
    path = rng.normal(size=DAYS)
    for t in range(1, DAYS):
        path[t] = PHI * path[t - 1] + np.sqrt(1 - PHI**2) * path[t]
    return np.asarray(level + path_sd * path + effect * daily_design().arm)


def symptom() -> CodedOutcome:
    """A symptom on half of the days."""
    rng = np.random.default_rng(1)
    probability = expit(predictor(rng, -0.2, 0.7, 1.5))
    return code_outcome("binary", observed(np.where(rng.random(DAYS) < probability, 1.0, 0.0)))


def rating(seed: int = 2) -> CodedOutcome:
    """A rating from 1 to 10; of this seed it hardly resembles itself from day to day: the hardest of many tried."""
    rng = np.random.default_rng(seed)
    at = predictor(rng, 0.0, 1.0, 1.2)
    above = rng.logistic(size=DAYS)[:, None] + at[:, None] > RATING_CUTS
    return code_outcome("ordinal", observed(1.0 + above.sum(axis=1).astype(np.float64)))


def events() -> CodedOutcome:
    """Counts that vary more than chance lets them."""
    rng = np.random.default_rng(3)
    mean = np.exp(predictor(rng, 1.5, 0.3, -0.5))
    return code_outcome("count", observed(rng.poisson(rng.gamma(4.0, mean / 4.0)).astype(float)))


def slider() -> CodedOutcome:
    """A slider that is pushed to its end on some days."""
    rng = np.random.default_rng(4)
    mean = expit(predictor(rng, 0.8, 0.6, 0.8))
    share = rng.beta(8 * mean, 8 * (1 - mean))
    return code_outcome("bounded", observed(np.where(share > 0.93, 100.0, 100 * share)))


def observed(values: FloatArray) -> FloatArray:
    """Values of the days that have one."""
    return values[daily_design().observed]


OUTCOMES: Mapping[str, Callable[[], CodedOutcome]] = {
    "binary": symptom,
    "ordinal": rating,
    "count": events,
    "bounded": slider,
}


def measure(outcome: CodedOutcome) -> dict[str, object]:
    """One fit a seed, after one that compiles."""
    design = daily_design()
    OneAttempt(32, DAYS).fit(design, outcome)
    bulk, tail, r_hat, divergent, accepted, processor = [], [], [], 0, 0, []
    accepted_later = 0
    for seed in SEEDS:
        started = time.process_time()
        fit = OneAttempt(32, DAYS, sampler_config={"seed": seed}).fit(design, outcome).diagnostics
        processor.append(time.process_time() - started)
        bulk.append(round(fit.ess_bulk))
        tail.append(round(fit.ess_tail))
        r_hat.append(fit.r_hat)
        divergent += fit.divergences > 0
        accepted += fit.problem is None
        if fit.problem is not None:
            retried = LatentTrialModel(32, DAYS, sampler_config={"seed": seed}).fit(design, outcome)
            accepted_later += retried.diagnostics.problem is None
    return {
        "seeds": len(SEEDS),
        "accepted_at_first_attempt": accepted,
        "accepted_at_second_attempt": accepted_later,
        "with_divergences": divergent,
        "r_hat_max": round(max(r_hat), 4),
        "ess_bulk_min": min(bulk),
        "ess_bulk_median": statistics.median(bulk),
        "ess_tail_min": min(tail),
        "ess_tail_median": statistics.median(tail),
        "processor_seconds_median": round(statistics.median(processor), 2),
        "ess_bulk": bulk,
        "ess_tail": tail,
    }


def measure_other_ratings() -> dict[str, object]:
    """One first attempt for each of eight other data sets of ten levels."""
    design = daily_design()
    fits = [OneAttempt(32, DAYS).fit(design, rating(seed)).diagnostics for seed in OTHER_RATINGS]
    return {
        "data_sets": len(fits),
        "accepted_at_first_attempt": sum(fit.problem is None for fit in fits),
        "ess_bulk": [round(fit.ess_bulk) for fit in fits],
        "ess_tail": [round(fit.ess_tail) for fit in fits],
    }


def main() -> None:
    """Measure the likelihoods that are named, or all, and keep what the file says of the others and of before."""
    names = sys.argv[1:] or [*OUTCOMES, "other_ratings"]
    document = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    document |= {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.mixing",
        "draws": "4 chains of 1500 after 750, 103 days",
    }
    for name in names:
        measured = measure_other_ratings() if name == "other_ratings" else measure(OUTCOMES[name]())
        document.setdefault("after", {})[name] = measured
        RESULTS.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
