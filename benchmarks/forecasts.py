"""Forecasts of baselines, scored on real people by rolling origin, beside seasonal-naive, four weeks' mean and AutoETS.

`python -m benchmarks.forecasts` writes `benchmarks/results/forecasts.json`. From the end of every fifth known day that
has 27 known days before it, each method forecasts the day after and the day a week after as a distribution, knowing
nothing later. Scores are the continuous ranked probability score, the absolute error of the median, and how often the
central intervals hold what came.

- seasonal naive: the last known value of that weekday; spread from the differences of seven days so far, times √weeks;
- mean of four weeks: their mean and standard deviation, as watches do;
- AutoETS (statsforecast, of Hyndman's forecast::ets), season of seven days, fitted anew at every origin, with its own
  prediction intervals. It takes no gaps: they are filled by linear interpolation, or by the value seven days before.
"""

import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import ROOT, find_uv, machine
from benchmarks.wearables import FILE, DailySeries, read_series
from santorio.analyses.baselines import pipeline as baselines_pipeline
from santorio.analyses.baselines.forecast import rolling_forecasts
from santorio.analyses.baselines.hyperparameters import DEFAULT
from santorio.analyses.baselines.scores import Scores, score, score_normal
from santorio.analyses.baselines.state_space import filter_series
from santorio.analyses.series import Series
from santorio.arrays import FloatArray, IntArray

RESULTS = ROOT / "benchmarks" / "results" / "forecasts.json"
PEER = "statsforecast==2.1.1"
HORIZONS = (1, 7)
# Known days behind the first origin, and the fewest of a series: two weeks to score.
FIRST_ORIGIN, MIN_DAYS = 28, 42
# Of the origins every fifth: a step that meets every weekday alike, for AutoETS is fitted anew at each.
STEP = 5
COVERAGES = (0.5, 0.8, 0.95)
NAIVE, MEAN, OURS = "seasonal naive", "mean of four weeks", "santorio"
LINEAR, WEEKLY = "AutoETS, gaps interpolated", "AutoETS, gaps as a week before"
ROUNDS = 3
YEARS, METRICS_OF_A_PERSON = 3, 20


@dataclass(frozen=True)
class Task:
    """What is forecast of one series at one horizon.

    Attributes
    ----------
    origin, target : IntArray
        Rows of the series: the last that is known, the one that is forecast; shapes (forecasts,).
    """

    series: DailySeries
    horizon: int
    origin: IntArray
    target: IntArray

    @property
    def came(self) -> FloatArray:
        """What came, shape (forecasts,)."""
        return self.series.value[self.target]


def tasks(series: Sequence[DailySeries]) -> list[Task]:
    """List all forecasts whose day is known."""
    found = []
    for one in series:
        row = {int(day): i for i, day in enumerate(one.day)}
        for horizon in HORIZONS:
            pairs = [
                (origin, row[int(one.day[origin]) + horizon])
                for origin in range(FIRST_ORIGIN - 1, len(one.day), STEP)
                if int(one.day[origin]) + horizon in row
            ]
            if pairs:
                found.append(Task(one, horizon, *np.array(pairs).T))
    return found


def of_baselines(wanted: Sequence[Task]) -> list[Scores]:
    """Forecast by the baseline; a series is gone through once for all horizons."""
    series = {id(task.series): task.series for task in wanted}
    expected = {name: rolling_forecasts(one.day, one.value, HORIZONS) for name, one in series.items()}
    return [
        score(
            expected[id(task.series)][HORIZONS.index(task.horizon)].of(task.origin - DEFAULT.warm_up),
            task.came,
        )
        for task in wanted
    ]


def of_seasonal_naive(task: Task) -> Scores:
    """Forecast the last known value of the weekday."""
    day, value = task.series.day, task.series.value
    known = dict(zip(day.tolist(), value.tolist(), strict=True))
    mean, sd = [], []
    for origin, target in zip(task.origin, task.target, strict=True):
        end = int(day[origin])
        past = {when: told for when, told in known.items() if when <= end}
        change = [told - past[when - 7] for when, told in past.items() if when - 7 in past]
        before = [weeks for weeks in range(1, 60) if int(day[target]) - 7 * weeks in past]
        weeks = before[0] if before else 1
        mean.append(past[int(day[target]) - 7 * weeks] if before else statistics.fmean(past.values()))
        sd.append(max(float(np.sqrt(np.mean(np.square(change)))), 1e-9) * np.sqrt(weeks))
    return score_normal(np.array(mean), np.array(sd), task.came)


def of_four_weeks(task: Task) -> Scores:
    """Forecast the mean of the last four weeks."""
    day, value = task.series.day, task.series.value
    recent = [value[(day > day[origin] - 28) & (day <= day[origin])] for origin in task.origin]
    recent = [
        one if len(one) > 6 else value[: origin + 1][-7:]
        for one, origin in zip(recent, task.origin, strict=True)
    ]
    mean = np.array([one.mean() for one in recent])
    sd = np.array([max(float(one.std(ddof=1)), 1e-9) for one in recent])
    return score_normal(mean, sd, task.came)


def filled(day: IntArray, value: FloatArray, *, weekly: bool) -> FloatArray:
    """Fill the gaps of a series: by the value seven days before where that is wanted and there, else linearly."""
    every = np.arange(day[0], day[-1] + 1)
    known = dict(zip(day.tolist(), value.tolist(), strict=True))
    line = np.interp(every, day, value)
    if not weekly:
        return np.asarray(line)
    whole: list[float] = []
    for i, when in enumerate(every.tolist()):
        whole.append(known.get(when, whole[i - 7] if i >= 7 else float(line[i])))
    return np.array(whole)


@dataclass(frozen=True)
class Peer:
    """What AutoETS said: normal distributions by series and origin, one a horizon.

    Attributes
    ----------
    mean, sd : Mapping
        Arrays of shape (horizons,), by the series' id and the row of the origin.
    models : Mapping
        How often it chose which model.
    """

    mean: Mapping[tuple[int, int], FloatArray]
    sd: Mapping[tuple[int, int], FloatArray]
    models: Mapping[str, int]

    def score(self, task: Task) -> Scores:
        """Score a task. Where it stated no interval, the spread of the known values stands."""
        at = HORIZONS.index(task.horizon)
        keys = [(id(task.series), int(origin)) for origin in task.origin]
        mean = np.array([self.mean[key][at] for key in keys])
        sd = np.array([self.sd[key][at] for key in keys])
        known = np.array([task.series.value[: origin + 1].std() for origin in task.origin])
        return score_normal(mean, np.where(np.isfinite(sd) & (sd > 0), sd, known), task.came)


def ask_peers(wanted: Sequence[Task]) -> tuple[dict[str, Peer], float]:
    """Let AutoETS forecast from every origin, gaps filled in both ways; a history that is the same is asked once.

    Returns
    -------
    tuple
        What it said, by how gaps were filled, and milliseconds of processor time for a fit; nothing where it cannot
        be had.
    """
    origins = {(id(task.series), int(origin)): task.series for task in wanted for origin in task.origin}
    places: dict[bytes, int] = {}
    row: dict[str, list[int]] = {}
    for name in (LINEAR, WEEKLY):
        histories = [
            filled(one.day[: origin + 1], one.value[: origin + 1], weekly=name == WEEKLY)
            for (_, origin), one in origins.items()
        ]
        row[name] = [places.setdefault(history.tobytes(), len(places)) for history in histories]
    said = _run_peer([np.frombuffer(history) for history in places])
    if said is None:
        return {}, 0.0
    peers = {}
    for name, chosen in row.items():
        models, counts = np.unique(said["name"][chosen], return_counts=True)
        peers[name] = Peer(
            dict(zip(origins, said["mean"][chosen], strict=True)),
            dict(zip(origins, said["sd"][chosen], strict=True)),
            dict(zip(models.tolist(), counts.tolist(), strict=True)),
        )
    return peers, 1000 * float(said["seconds"]) / len(places)


def _run_peer(histories: Sequence[FloatArray]) -> Mapping[str, NDArray[Any]] | None:
    """Run AutoETS in an environment of its own; None where it cannot be had."""
    uv = find_uv()
    if uv is None:
        return None
    end = np.cumsum([len(one) for one in histories])
    with tempfile.TemporaryDirectory() as folder:
        given, told = Path(folder) / "given.npz", Path(folder) / "told.npz"
        np.savez(
            given, value=np.concatenate(histories), start=np.append(0, end[:-1]), end=end,
            horizon=np.array(HORIZONS),
        )  # fmt: skip
        script = str(ROOT / "benchmarks" / "auto_ets.py")
        done = subprocess.run(
            [uv, "run", "--no-project", "--isolated", "--quiet", "--python", sys.executable, "--with", PEER,
             "python", script, str(given), str(told)],
            check=False, cwd=folder,
        )  # fmt: skip
        return dict(np.load(told)) if done.returncode == 0 else None


def figures(scores: Sequence[Scores]) -> dict[str, float]:
    """Sum up forecasts: means of CRPS and absolute error, share of values held."""
    return {
        "crps": round(float(np.concatenate([one.crps for one in scores]).mean()), 4),
        "absolute_error": round(float(np.concatenate([one.absolute_error for one in scores]).mean()), 4),
        **{
            f"covered_{coverage * 100:.0f}": round(
                float(np.concatenate([one.covers(coverage) for one in scores]).mean()), 3
            )
            for coverage in COVERAGES
        },
    }


Scored = Mapping[str, Sequence[Scores]]


def by_metric(wanted: Sequence[Task], scored: Scored) -> list[dict[str, object]]:
    """One row a metric and horizon, with the figures of each method."""
    rows: list[dict[str, object]] = []
    for metric, horizon in sorted({(task.series.metric, task.horizon) for task in wanted}):
        at = [i for i, task in enumerate(wanted) if (task.series.metric, task.horizon) == (metric, horizon)]
        rows.append(
            {
                "metric": metric,
                "horizon_days": horizon,
                "people": len(at),
                "forecasts": sum(len(wanted[i].target) for i in at),
                "methods": {name: figures([told[i] for i in at]) for name, told in scored.items()},
            }
        )
    return rows


def overall(
    wanted: Sequence[Task],
    scored: Scored,
    which: Callable[[Task], FloatArray | slice] = lambda _: slice(None),
) -> list[dict[str, object]]:
    """Compare over metrics: units differ, so CRPS counts as a ratio to the seasonal naive's, one a series.

    Parameters
    ----------
    which
        Chooses forecasts of a task.
    """
    rows: list[dict[str, object]] = []
    for horizon in HORIZONS:
        at = [i for i, task in enumerate(wanted) if task.horizon == horizon and len(task.came[which(task)])]
        crps = {
            name: np.array([told[i].crps[which(wanted[i])].mean() for i in at])
            for name, told in scored.items()
        }
        methods = {}
        for name, told in scored.items():
            held = {
                f"covered_{coverage * 100:.0f}": round(
                    float(np.concatenate([told[i].covers(coverage)[which(wanted[i])] for i in at]).mean()), 3
                )
                for coverage in COVERAGES
            }
            methods[name] = {
                "crps_ratio": round(float(np.exp(np.log(crps[name] / crps[NAIVE]).mean())), 3),
                "santorio_better_in": round(float((crps[OURS] < crps[name]).mean()), 3)
                if name != OURS
                else None,
                **held,
            }
        count = sum(len(wanted[i].came[which(wanted[i])]) for i in at)
        rows.append({"horizon_days": horizon, "series": len(at), "forecasts": count, "methods": methods})
    return rows


def without_gaps(task: Task) -> FloatArray:
    """Forecasts whose four weeks before have no gap: nothing had to be filled for anybody."""
    day = task.series.day
    return np.asarray(day[task.origin] - day[task.origin - (FIRST_ORIGIN - 1)] == FIRST_ORIGIN - 1)


def daily_series(rng: np.random.Generator, days: int) -> Series:
    """Draw days that resemble each other, a tenth of them missing."""
    noise = rng.normal(size=days)
    for t in range(1, days):
        noise[t] = 0.5 * noise[t - 1] + np.sqrt(0.75) * noise[t]
    known = np.flatnonzero(rng.random(days) > 0.1)
    return Series(known + 20_000, 55 + 2 * noise[known], np.ones(len(known)), "", dt.datetime.now(dt.UTC))


def speed() -> dict[str, float]:
    """Processor time that a year of one metric takes, the range of the day after, and all that is said of a person."""
    rng = np.random.default_rng(1)
    day, value = np.arange(365) + 20_000, 55 + rng.normal(size=365)
    filtering, asking = [], []
    for _ in range(ROUNDS):
        started = time.process_time()
        state = filter_series(day, value).state
        filtering.append(time.process_time() - started)
        started = time.process_time()
        state.predict(day[-1:] + 1).quantile(np.array([0.025, 0.5, 0.975]))
        asking.append(time.process_time() - started)
    person = [
        (f"metric {i}", "", daily_series(np.random.default_rng(i), YEARS * 365))
        for i in range(METRICS_OF_A_PERSON)
    ]
    started = time.process_time()
    for told in baselines_pipeline.compute_baselines(person):
        baselines_pipeline.row(told)
        baselines_pipeline.diagnostics(told)
    of_a_person = time.process_time() - started
    return {
        "filter_a_year_ms": round(1000 * statistics.median(filtering), 1),
        "range_of_a_day_ms": round(1000 * statistics.median(asking), 2),
        f"person_of_{YEARS}_years_and_{METRICS_OF_A_PERSON}_metrics_seconds": round(of_a_person, 2),
    }


def main() -> None:
    if not FILE.exists():
        print(f"FAILED: the real data is not here ({FILE.name})")
        sys.exit(1)
    series = read_series(FILE, fewest_days=MIN_DAYS)
    wanted = tasks(series)
    peers, milliseconds_per_fit = ask_peers(wanted)
    if not peers:
        print(f"FAILED: {PEER} cannot be had here (it takes uv and a package registry); nothing was written")
        sys.exit(1)
    started = time.process_time()
    scored: dict[str, list[Scores]] = {OURS: of_baselines(wanted)}
    seconds = time.process_time() - started
    scored[NAIVE] = [of_seasonal_naive(task) for task in wanted]
    scored[MEAN] = [of_four_weeks(task) for task in wanted]
    scored |= {name: [peer.score(task) for task in wanted] for name, peer in peers.items()}
    people = sorted({one.person for one in series}, key=int)
    fresh = {id(task): people.index(task.series.person) % 2 == 1 for task in wanted}
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.forecasts",
        "what": f"{len(people)} people, {len(series)} series of at least {MIN_DAYS} days, "
        f"rolling origin, every {STEP} days",
        "speed": speed() | {"forecast_and_score_seconds": round(seconds, 1)},
        "peer": PEER,
        "peer_models": {name: peer.models for name, peer in peers.items()},
        "peer_ms_per_fit": round(milliseconds_per_fit, 1),
        "overall": overall(wanted, scored),
        # The grid was looked at on the other half while it was made.
        "overall_people_not_looked_at": overall(
            wanted, scored, lambda task: np.full(len(task.came), fresh[id(task)])
        ),
        "overall_without_gaps": overall(wanted, scored, without_gaps),
        "by_metric": by_metric(wanted, scored),
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    say(result)


def say(result: Mapping[str, object]) -> None:
    """Print the comparison."""
    rows = result["overall"]
    assert isinstance(rows, list)  # noqa: S101 - built above
    for row in rows:
        for name, told in row["methods"].items():
            print(f"{row['horizon_days']} days ahead, {name}: {json.dumps(told)}")


if __name__ == "__main__":
    main()
