"""`python -m benchmarks.trials`: 200 trials of 70 days by the sampled model, against building and sampling each anew.

The naive loop writes the same model in plain PyMC, with the trial's own arrays in it, and calls `pm.sample` with its
defaults, as an analysis script does; it is run on the first trials only, and held against the same trials here. Both
sample four chains of 1,000 draws after tuning on two cores. Cold is the first fit of a process with nothing imported
and no compilation kept on disk but what installing leaves; warm is every further trial. Posteriors are compared at four
times as many draws, where the Monte Carlo error of a mean is some 0.01 of the posterior's standard deviation.
"""

import argparse
import datetime as dt
import json
import resource
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import machine
from santorio.arrays import FloatArray
from santorio.stats import exact_inference
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.evaluation.simulation import (
    DataGeneratingProcess,
    GroundTruth,
    simulate_trials,
    standardise,
)
from santorio.stats.exact_inference import fit_trial
from santorio.stats.gaussian_model import TrialModel
from santorio.stats.randomization import draw_daily
from santorio.stats.sampler import Fit, convergence

RESULTS = Path(__file__).resolve().parent / "results" / "trials.json"
TRIALS, CHECKED, DAYS = 200, 5, 70
BAR_TIMES, BAR_SD, BAR_MIB = 10.0, 0.05, 2048
MORE_DRAWS = 4000


@dataclass(frozen=True)
class Trial:
    """A simulated trial: its design and the standardised outcome of its known days."""

    design: TrialDesign
    outcome: FloatArray


def simulated(seed: int, days: int = DAYS) -> Trial:
    """A trial by day with a schedule of its own; one day in ten is missing, days resemble one another."""
    rng = np.random.default_rng(seed)
    every, observed = np.arange(days), rng.random(days) >= 0.1
    design = TrialDesign(every + 20000, draw_daily(days // 14, 14, seed), every // 14, observed, 2)
    truth = GroundTruth(
        np.array([rng.normal(0, 0.5)]),
        process=DataGeneratingProcess(autoregression=(rng.uniform(0, 0.7), 0.0)),
    )
    drawn = simulate_trials(design, truth, 1, rng).outcome
    return Trial(design, standardise(drawn[observed], design.arm[observed])[0][:, 0])


def naive(trial: Trial, draws: int, seed: int) -> Any:
    """Build the model of this one trial and sample it."""
    import pymc as pm
    import pytensor.tensor as pt

    columns, config = trial.design.columns(), TrialModel.default_model_config
    gap = columns.gap_days[1:].astype(int)
    with pm.Model():
        variance = config["variance"].create_variable("variance")
        rho = 2 * config["unit_rho"].create_variable("unit_rho") - 1
        tau = config["tau"].create_variable("tau")
        standard = pm.Normal("standard", 0, 1, shape=len(columns.names))
        scale = pt.where(columns.pooled, columns.prior_sd * tau, columns.prior_sd)
        sigma = pt.sqrt(variance)
        effect = pm.Deterministic("effect", (scale * standard * sigma)[columns.index("arm_1")])
        rest = trial.outcome - sigma * (columns.values @ (scale * standard))
        kept = rho**gap
        innovation = pt.concatenate([rest[:1], (rest[1:] - kept * rest[:-1]) / pt.sqrt(1 - kept**2)])
        pm.Potential("days", pm.logp(pm.Normal.dist(0, sigma), innovation).sum())
        pm.Potential("gaps", -0.5 * pt.log(1 - kept**2).sum())
        del effect
        return pm.sample(draws=draws, chains=4, cores=2, random_seed=seed, progressbar=False)


def naive_summary(tree: Any) -> dict[str, float]:
    """Mean and spread of the effect, means of ρ and σ, ESS of the effect."""
    drawn = {name: np.asarray(tree["posterior"][name]) for name in ("effect", "unit_rho", "variance")}
    return {
        "effect": float(drawn["effect"].mean()),
        "sd": float(drawn["effect"].std()),
        "rho": float((2 * drawn["unit_rho"] - 1).mean()),
        "sigma": float(np.sqrt(drawn["variance"]).mean()),
        "ess": convergence({"effect": drawn["effect"]})[1],
    }


def ours_summary(fit: Fit) -> dict[str, float]:
    """The same of our fit."""
    effect = fit.draws["effect"][:, 0]
    by_chain = effect.reshape(fit.diagnostics.chains, -1)
    return {
        "effect": float(effect.mean()),
        "sd": float(effect.std()),
        "rho": float(fit.draws["rho"].mean()),
        "sigma": float(fit.draws["sigma"].mean()),
        "ess": convergence({"effect": by_chain})[1],
    }


def clocked(fit: Any) -> tuple[float, Any]:
    """Seconds by the clock, and what was found."""
    started = time.perf_counter()
    found = fit()
    return time.perf_counter() - started, found


def many(trials: list[Trial]) -> dict[str, object]:
    """Analyse them all in this process: the first one cold."""
    width = max(len(trial.design.columns().names) for trial in trials)
    model = TrialModel(width)
    seconds, each, refused, retried = [], [], 0, 0
    for trial in trials:
        spent, fit = clocked(lambda t=trial: model.fit(t.design, t.outcome))
        seconds.append(spent)
        each.append(ours_summary(fit)["ess"] / spent)
        refused += fit.diagnostics.problem is not None
        retried += fit.diagnostics.attempts > 1
    return {
        "trials": len(trials),
        "days": DAYS,
        "seconds_cold": round(seconds[0], 2),
        "seconds_warm_median": round(statistics.median(seconds[1:]), 3),
        "seconds_warm_slowest": round(max(seconds[1:]), 3),
        "seconds_all_trials": round(sum(seconds), 1),
        "ess_of_the_effect_per_second_median": round(statistics.median(each[1:])),
        "refused": refused,
        "tried_twice": retried,
    }


def against(trials: list[Trial]) -> dict[str, object]:
    """The naive loop over the first trials, and how far both posteriors are apart."""
    model = TrialModel(max(len(trial.design.columns().names) for trial in trials))
    spent = [clocked(lambda t=trial, i=i: naive(t, 1000, i)) for i, trial in enumerate(trials)]
    finer = TrialModel(model.width, sampler_config={"draws": MORE_DRAWS})
    apart: dict[str, list[float]] = {"effect": [], "effect_from_exact": [], "rho": [], "sigma_relative": []}
    for i, trial in enumerate(trials):
        ours = ours_summary(finer.fit(trial.design, trial.outcome))
        theirs = naive_summary(naive(trial, MORE_DRAWS, 100 + i))
        reference = fit_trial(trial.design, trial.outcome)
        apart["effect"].append(abs(ours["effect"] - theirs["effect"]) / theirs["sd"])
        off = abs(ours["effect"] - reference.mean("arm_1")[0]) / reference.sd("arm_1")[0]
        apart["effect_from_exact"].append(float(off))
        apart["rho"].append(abs(ours["rho"] - theirs["rho"]))
        apart["sigma_relative"].append(abs(ours["sigma"] / theirs["sigma"] - 1))
    return {
        "trials": len(trials),
        "seconds_first": round(spent[0][0], 2),
        "seconds_a_trial_median": round(statistics.median(one for one, _ in spent[1:]), 2),
        "ess_of_the_effect_per_second_median": round(
            statistics.median(naive_summary(tree)["ess"] / one for one, tree in spent[1:])
        ),
        "largest_difference": {name: round(max(values), 4) for name, values in apart.items()},
        "difference_of": "means; of the effect in its posterior standard deviations",
        "bar_effect_sd": BAR_SD,
        "bar_is_met": max(apart["effect"]) < BAR_SD,
    }


def growth() -> list[dict[str, object]]:
    """Seconds a fit by days, and by outcomes of one trial, which are fitted one after the other."""
    rows: list[dict[str, object]] = []
    for days in (28, 70, 140, 364):
        trials = [simulated(900 + i, days) for i in range(4)]
        model = TrialModel(max(len(trial.design.columns().names) for trial in trials))
        first, *warm = [clocked(lambda t=t, m=model: m.fit(t.design, t.outcome))[0] for t in trials]
        rows.append(
            {
                "days": days,
                "columns": model.width,
                "outcomes": 1,
                "seconds_first": round(first, 2),
                "seconds_warm_median": round(statistics.median(warm), 3),
            }
        )
    for outcomes in (2, 5, 10):
        several = [simulated(950, DAYS), *(simulated(960 + i) for i in range(outcomes - 1))]
        model = TrialModel(max(len(trial.design.columns().names) for trial in several))
        spent = clocked(lambda s=several, m=model: [m.fit(t.design, t.outcome) for t in s])[0]
        rows.append({"days": DAYS, "outcomes": outcomes, "seconds_warm_median": round(spent, 3)})
    return rows


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--checked", type=int, default=CHECKED)
    asked = parser.parse_args()
    trials = [simulated(seed) for seed in range(asked.trials)]
    ours = many(trials)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    loop = against(trials[: asked.checked])
    whole = float(str(loop["seconds_a_trial_median"])) * asked.trials
    times = whole / float(str(ours["seconds_all_trials"]))
    results = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.trials",
        "here": {**ours, "peak_mib": round(peak), "bar_peak_mib": BAR_MIB},
        "naive_loop": loop,
        "naive_seconds_for_all_estimated": round(whole),
        "times_as_fast": round(times, 1),
        "bar_times": BAR_TIMES,
        "bar_is_met": times >= BAR_TIMES,
        "growth": growth(),
        "exact_engine": "see operating.json",
        "prior_of_rho": list(exact_inference.RHO_BETA),
    }
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(results, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
