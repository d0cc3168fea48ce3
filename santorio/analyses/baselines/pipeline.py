"""The baselines of a person: read, filter, detect, publish; a run per metric. Unchanged metrics are not recomputed."""

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

# Sources that decide the results of a baseline.
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
FIRST_ANOMALY_DAY = 21


def analyse_baselines(database: Database, person: Person, *, force: bool = False) -> list[RunReport]:
    """Compute and publish the baseline of each outcome of a person.

    Parameters
    ----------
    force : bool
        Compute even if nothing has changed.
    """
    with database.connect() as connection:
        outcomes = read_outcomes(connection, person.user_id)
        to_compute, reports = _select_metrics(connection, person, outcomes, force=force)
    plots_left = MAX_PLOTS
    for batch in batched(to_compute, BATCH_SIZE):
        baselines = compute_baselines([(inputs.metric, inputs.unit, inputs.series) for inputs in batch])
        plotted = metrics_to_plot(baselines)[:plots_left]
        plots_left -= len(plotted)
        for inputs, baseline in zip(batch, baselines, strict=True):
            is_plotted = baseline.metric in plotted
            report = _publish(database, person, inputs, baseline, is_plotted=is_plotted, force=force)
            reports.append(report)
    if to_compute:
        with database.connect() as connection:
            connection.execute(_REPLACED, [person.user_id])
    return sorted(reports, key=lambda report: report.target)


@dataclass(frozen=True)
class _MetricInputs:
    """A metric to compute, with its cache key."""

    metric: str
    unit: str
    series: Series
    fingerprint: str


def _select_metrics(
    connection: psycopg.Connection, person: Person, outcomes: Mapping[str, Series], *, force: bool
) -> tuple[list[_MetricInputs], list[RunReport]]:
    """Select the metrics to compute; report why the others are not."""
    to_compute: list[_MetricInputs] = []
    reports: list[RunReport] = []
    # Metrics of the registry come first: they get the plots.
    for metric in sorted(outcomes, key=lambda name: (name not in OUTCOMES, name)):
        series = usable_days(outcomes[metric])
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
        unit = find_outcome(metric, series.unit).unit
        to_compute.append(_MetricInputs(metric, unit, series, key))
    return to_compute, reports


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
    if len(differs):
        begin = max(0, int(differs[0]) - DEFAULT.warm_up + 1)
        kept = kept[begin:]
    return replace(series, day=series.day[kept], value=series.value[kept], samples=series.samples[kept])


def _publish(
    database: Database,
    person: Person,
    inputs: _MetricInputs,
    baseline: Baseline,
    *,
    is_plotted: bool,
    force: bool,
) -> RunReport:
    plot = None
    if is_plotted:
        plot = plot_baseline(baseline)
    exclusions = describe_exclusions({inputs.metric: inputs.series})
    run = Run(
        user_id=person.user_id,
        kind="baselines",
        target=inputs.metric,
        fingerprint=inputs.fingerprint,
        as_of=inputs.series.as_of,
        rows=[row(baseline)],
        diagnostics={**diagnostics(baseline), "left_out": exclusions},
        plot=plot,
        known_at=inputs.series.known_at,
    )
    return publish(database, run, force=force)


def compute_baselines(series: Sequence[tuple[str, str, Series]]) -> list[Baseline]:
    """Compute the baselines of metrics: expected ranges, anomalies, changes of level, forecast.

    Parameters
    ----------
    series
        Name, unit and days of each metric; the days must pass `check_enough_data`.
    """
    days_and_values = [(metric_series.day, metric_series.value) for _, _, metric_series in series]
    baselines = []
    for metric_inputs, filtered in zip(series, filter_together(days_and_values), strict=True):
        metric, unit, metric_series = metric_inputs
        baselines.append(_baseline(metric, unit, metric_series, filtered))
    return baselines


def _baseline(metric: str, unit: str, series: Series, filtered: Filtered) -> Baseline:
    # An outlier says nothing about the level.
    usual = filtered.outlier < 0.5
    last = int(filtered.day[-1])
    return Baseline(
        metric=metric,
        unit=unit,
        filtered=filtered,
        expected=interval_bounds(filtered.ahead.of(slice(-1, None)))[0],
        ahead=forecast(filtered.state, last + np.arange(1, DAYS_AHEAD + 1)),
        anomalies=detect_anomalies(
            filtered, smallest=_smallest(metric, series.value), skip=FIRST_ANOMALY_DAY - DEFAULT.warm_up
        ),
        changes=detect_changepoints(filtered.day[usual], filtered.value[usual]),
    )


def metrics_to_plot(baselines: Sequence[Baseline]) -> list[str]:
    """Metrics to plot, the most interesting first: those with a recent report, then those of the registry."""
    reported, of_registry = [], []
    for baseline in baselines:
        if _has_recent_report(baseline):
            reported.append(baseline.metric)
        elif baseline.metric in OUTCOMES:
            of_registry.append(baseline.metric)
    return reported + of_registry


def _has_recent_report(baseline: Baseline) -> bool:
    """Whether the days of the plot include an anomaly, or a change was detected on one of them."""
    since = int(baseline.filtered.day[-1]) - DAYS_BEHIND
    days = [anomaly.last_day for anomaly in baseline.anomalies]
    days += [change.detected_on for change in baseline.changes]
    return max(days, default=since) > since


def _smallest(metric: str, value: FloatArray) -> float:
    """Smallest difference to report."""
    stated = find_outcome(metric).smallest_effect
    if stated is not None:
        return stated
    return DEFAULT_SMALLEST_EFFECT_SD * float(value[:MIN_DAYS].std())


def row(baseline: Baseline) -> dict[str, object]:
    """Row of `analysis.baselines`."""
    from psycopg.types.json import Jsonb

    filtered = baseline.filtered
    last = int(filtered.day[-1])
    return {
        "metric": baseline.metric,
        "unit": baseline.unit,
        "days": len(filtered.day) + DEFAULT.warm_up,
        "last_day": date_of(last),
        "last_value": float(filtered.value[-1]),
        **_intervals(baseline.expected),
        "forecast": Jsonb(_forecast_days(baseline.ahead)),
        "anomalies": Jsonb([_anomaly(baseline, anomaly, last) for anomaly in baseline.anomalies]),
        "changes": Jsonb([_change(baseline, change) for change in baseline.changes]),
    }


def _forecast_days(ahead: Forecast) -> list[dict[str, object]]:
    days = []
    for day, quantiles in zip(ahead.day.tolist(), ahead.quantile, strict=True):
        forecast_day: dict[str, object] = {"day": date_of(day).isoformat(), **_intervals(quantiles)}
        days.append(forecast_day)
    return days


def _intervals(quantiles: FloatArray) -> dict[str, float]:
    """Median and intervals by their names, of the quantiles at `forecast.PROBABILITIES`."""
    lower_95, lower_80, lower_50, median, upper_50, upper_80, upper_95 = quantiles.tolist()
    return {
        "median": median,
        "lower_50": lower_50,
        "upper_50": upper_50,
        "lower_80": lower_80,
        "upper_80": upper_80,
        "lower_95": lower_95,
        "upper_95": upper_95,
    }


def _anomaly(baseline: Baseline, anomaly: Anomaly, last: int) -> dict[str, object]:
    lasts = anomaly.last_day == last
    return {
        **asdict(anomaly),
        "first_day": date_of(anomaly.first_day).isoformat(),
        "last_day": date_of(anomaly.last_day).isoformat(),
        "lasts": lasts,
        "sentence": describe_anomaly(baseline.metric, baseline.unit, anomaly, lasts=lasts),
    }


def _change(baseline: Baseline, change: ChangePoint) -> dict[str, object]:
    return {
        **asdict(change),
        "day": date_of(change.day).isoformat(),
        "first_day": date_of(change.first_day).isoformat(),
        "last_day": date_of(change.last_day).isoformat(),
        "detected_on": date_of(change.detected_on).isoformat(),
        "sentence": describe_changepoint(baseline.metric, baseline.unit, change),
    }


def diagnostics(baseline: Baseline) -> dict[str, object]:
    """Coverage of the past ranges, as shares, and counts; none of the person's values."""
    filtered = baseline.filtered
    nodes = filtered.state.nodes
    # A value lies in the central interval of a share if its probability is within half of it around ½.
    distance = np.abs(filtered.ahead.below(filtered.value) - 0.5)
    return {
        "days": len(filtered.day),
        "covered_50": float((distance <= 0.25).mean()),
        "covered_80": float((distance <= 0.4).mean()),
        "covered_95": float((distance <= 0.475).mean()),
        "weight_of_logarithm": float(filtered.state.weight[0, nodes.power == 0].sum()),
        "anomalies": len(baseline.anomalies),
        "changes": len(baseline.changes),
    }
