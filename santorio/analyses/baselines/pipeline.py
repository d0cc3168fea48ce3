"""The baselines of a person: read, filter, detect, publish; one run a metric. Unchanged metrics are not recomputed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import batched

import numpy as np
import psycopg

from santorio.analyses.baselines.anomalies import Anomaly, detect_anomalies
from santorio.analyses.baselines.changepoints import ChangePoint, detect_changepoints
from santorio.analyses.baselines.forecast import (
    MIN_DAYS,
    Forecast,
    check_enough_data,
    forecast,
    interval_bounds,
)
from santorio.analyses.baselines.hyperparameters import DEFAULT
from santorio.analyses.baselines.plot import DAYS_BEHIND, plot_baseline
from santorio.analyses.baselines.results import Baseline
from santorio.analyses.baselines.state_space import Filtered, filter_together
from santorio.analyses.baselines.text import describe_anomaly, describe_changepoint
from santorio.analyses.cache_key import SHARED, cache_key
from santorio.analyses.run_store import Run, RunReport, last_cache_key, publish
from santorio.analyses.series import Series, date_of, day_number, describe_exclusions, read_outcomes
from santorio.arrays import FloatArray
from santorio.errors import NotEnoughData
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD, OUTCOMES
from santorio.metrics import outcome as find_outcome
from santorio.people import Person
from santorio.storage.database.engine import Database

# Sources that decide what a baseline says.
CODE = (*SHARED, "santorio/analyses/baselines")
LIBRARIES = ("numpy", "scipy")
DAYS_AHEAD = 14
# Older days have hardly any weight in a baseline.
PAST_YEARS = 2
# Series filtered side by side: this many fit into a processor's cache.
BATCH_SIZE = 20
# A plot takes longer than computing its metric.
MAX_PLOTS = 6
# Only the newest accepted run of each metric is kept: a newer baseline contains all of an older one.
_REPLACED = """
delete from analysis.runs old using analysis.runs new
where old.user_id = %s and old.kind = 'baselines' and new.user_id = old.user_id and new.kind = old.kind
  and new.target = old.target and new.status = 'accepted' and new.created_at > old.created_at
"""
# No anomaly is reported before this many days: the ranges are still wide, and weekdays hardly learned.
FIRST_JUDGED_DAY = 21


def analyse_baselines(database: Database, person: Person, *, force: bool = False) -> list[RunReport]:
    """Compute and publish the baseline of each outcome of a person.

    Parameters
    ----------
    force : bool
        Compute even if nothing has changed.
    """
    with database.connect() as connection:
        outcomes = read_outcomes(connection, person.user_id)
        wanted, reports = _sorted_out(connection, person, outcomes, force=force)
    plots_left = MAX_PLOTS
    for some in batched(wanted, BATCH_SIZE):
        found = compute_baselines(
            [(wanted_metric.metric, wanted_metric.unit, wanted_metric.series) for wanted_metric in some]
        )
        drawn = metrics_to_plot(found)[:plots_left]
        plots_left -= len(drawn)
        reports += [
            _publish(database, person, wanted_metric, said, is_drawn=said.metric in drawn, force=force)
            for wanted_metric, said in zip(some, found, strict=True)
        ]
    if wanted:
        with database.connect() as connection:
            connection.execute(_REPLACED, [person.user_id])
    return sorted(reports, key=lambda report: report.target)


@dataclass(frozen=True)
class _Wanted:
    """A metric to compute, with its cache key."""

    metric: str
    unit: str
    series: Series
    fingerprint: str


def _sorted_out(
    connection: psycopg.Connection, person: Person, outcomes: Mapping[str, Series], *, force: bool
) -> tuple[list[_Wanted], list[RunReport]]:
    """Choose the metrics to compute; report why the others are not."""
    wanted: list[_Wanted] = []
    reports: list[RunReport] = []
    # Metrics of the registry come first: they get the plots.
    for metric, known in sorted(outcomes.items(), key=lambda item: (item[0] not in OUTCOMES, item[0])):
        series = usable_days(known)
        try:
            check_enough_data(series.day, series.value)
        except NotEnoughData as missing:
            reports.append(RunReport("baselines", metric, "not enough data", str(missing)))
            continue
        key = cache_key(
            metric, series.day, series.value, DAYS_AHEAD, asdict(DEFAULT), code=CODE, libraries=LIBRARIES
        )
        if not force and last_cache_key(connection, person.user_id, "baselines", metric) == key:
            reports.append(RunReport("baselines", metric, "unchanged"))
            continue
        wanted.append(_Wanted(metric, find_outcome(metric, series.unit).unit, series, key))
    return wanted, reports


def usable_days(series: Series) -> Series:
    """Exclude values that are not numbers, days before the last two complete years, and first days without variation.

    The years are cut at New Year, so that the same past is read from one day to the next. As long as one value is
    repeated there is no standard deviation: the warm-up days are the last ones before, and with, the first other value.
    """
    if not len(series.day):
        return series
    last = date_of(int(series.day[-1]))
    since = day_number(last.replace(year=last.year - PAST_YEARS, month=1, day=1))
    kept = np.flatnonzero((series.day >= since) & np.isfinite(series.value))
    differs = np.flatnonzero(series.value[kept] != series.value[kept[:1]])
    begin = max(0, int(differs[0]) - DEFAULT.warm_up + 1) if len(differs) else 0
    kept = kept[begin:]
    return replace(series, day=series.day[kept], value=series.value[kept], samples=series.samples[kept])


def _publish(
    database: Database, person: Person, wanted: _Wanted, found: Baseline, *, is_drawn: bool, force: bool
) -> RunReport:
    run = Run(
        user_id=person.user_id,
        kind="baselines",
        target=wanted.metric,
        fingerprint=wanted.fingerprint,
        as_of=wanted.series.as_of,
        rows=[row(found)],
        diagnostics={**diagnostics(found), "left_out": describe_exclusions({wanted.metric: wanted.series})},
        plot=plot_baseline(found) if is_drawn else None,
        known_at=wanted.series.known_at,
    )
    return publish(database, run, force=force)


def compute_baselines(series: Sequence[tuple[str, str, Series]]) -> list[Baseline]:
    """Compute the baselines of metrics: expected ranges, anomalies, changes of level, forecast.

    Parameters
    ----------
    series
        Name, unit and days of each metric; the days must pass `check_enough_data`.
    """
    filtered = filter_together([(metric_series.day, metric_series.value) for _, _, metric_series in series])
    return [
        _baseline(metric, unit, metric_series, told)
        for (metric, unit, metric_series), told in zip(series, filtered, strict=True)
    ]


def _baseline(metric: str, unit: str, series: Series, filtered: Filtered) -> Baseline:
    usual = filtered.outlier < 0.5  # an outlier says nothing about the level
    last = int(filtered.day[-1])
    return Baseline(
        metric=metric,
        unit=unit,
        filtered=filtered,
        expected=interval_bounds(filtered.ahead.of(slice(-1, None)))[0],
        ahead=forecast(filtered.state, last + np.arange(1, DAYS_AHEAD + 1)),
        anomalies=detect_anomalies(
            filtered, smallest=_smallest(metric, series.value), skip=FIRST_JUDGED_DAY - DEFAULT.warm_up
        ),
        changes=detect_changepoints(filtered.day[usual], filtered.value[usual]),
    )


def metrics_to_plot(found: Sequence[Baseline]) -> list[str]:
    """Metrics to plot, the most interesting first: those with a recent report, then those of the registry."""

    def has_recent_report(baseline: Baseline) -> bool:
        since = int(baseline.filtered.day[-1]) - DAYS_BEHIND
        days = [odd.last_day for odd in baseline.anomalies] + [change.told_day for change in baseline.changes]
        return any(day > since for day in days)

    told = [baseline.metric for baseline in found if has_recent_report(baseline)]
    return told + [
        baseline.metric for baseline in found if baseline.metric in OUTCOMES and baseline.metric not in told
    ]


def _smallest(metric: str, value: FloatArray) -> float:
    """Smallest difference to report."""
    stated = find_outcome(metric).smallest_effect
    return stated if stated is not None else DEFAULT_SMALLEST_EFFECT_SD * float(value[:MIN_DAYS].std())


def row(found: Baseline) -> dict[str, object]:
    """Row of `analysis.baselines`."""
    from psycopg.types.json import Jsonb

    filtered = found.filtered
    lower_95, lower_80, lower_50, median, upper_50, upper_80, upper_95 = map(float, found.expected)
    last = int(filtered.day[-1])
    return {
        "metric": found.metric,
        "unit": found.unit,
        "days": len(filtered.day) + DEFAULT.warm_up,
        "last_day": date_of(last),
        "last_value": float(filtered.value[-1]),
        "median": median,
        "lower_50": lower_50,
        "upper_50": upper_50,
        "lower_80": lower_80,
        "upper_80": upper_80,
        "lower_95": lower_95,
        "upper_95": upper_95,
        "forecast": Jsonb([_ahead(found.ahead, i) for i in range(len(found.ahead.day))]),
        "anomalies": Jsonb([_anomaly(found, anomaly, last) for anomaly in found.anomalies]),
        "changes": Jsonb([_change(found, change) for change in found.changes]),
    }


def _ahead(ahead: Forecast, i: int) -> dict[str, object]:
    lower_95, lower_80, lower_50, median, upper_50, upper_80, upper_95 = map(float, ahead.quantile[i])
    return {
        "day": date_of(int(ahead.day[i])).isoformat(),
        "median": median,
        "lower_50": lower_50,
        "upper_50": upper_50,
        "lower_80": lower_80,
        "upper_80": upper_80,
        "lower_95": lower_95,
        "upper_95": upper_95,
    }


def _anomaly(found: Baseline, anomaly: Anomaly, last: int) -> dict[str, object]:
    lasts = anomaly.last_day == last
    return {
        **asdict(anomaly),
        "first_day": date_of(anomaly.first_day).isoformat(),
        "last_day": date_of(anomaly.last_day).isoformat(),
        "lasts": lasts,
        "sentence": describe_anomaly(found.metric, found.unit, anomaly, lasts=lasts),
    }


def _change(found: Baseline, change: ChangePoint) -> dict[str, object]:
    days = {
        name: date_of(getattr(change, name)).isoformat()
        for name in ("day", "first_day", "last_day", "told_day")
    }
    return {**asdict(change), **days, "sentence": describe_changepoint(found.metric, found.unit, change)}


def diagnostics(found: Baseline) -> dict[str, object]:
    """Coverage of the past ranges, as shares, and counts; none of the person's values."""
    filtered = found.filtered
    below = filtered.ahead.below(filtered.value)
    held = {
        f"covered_{share * 100:.0f}": float((np.abs(below - 0.5) <= share / 2).mean())
        for share in (0.5, 0.8, 0.95)
    }
    nodes = filtered.state.nodes
    return {
        "days": len(filtered.day),
        **held,
        "weight_of_logarithm": float(filtered.state.weight[0, nodes.power == 0].sum()),
        "anomalies": len(found.anomalies),
        "changes": len(found.changes),
    }
