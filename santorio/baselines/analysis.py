"""The baselines of a person: read, filter, find, publish; one run a metric. What is unchanged is not computed again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from santorio.baselines.anomalies import Anomaly, find_anomalies
from santorio.baselines.changes import Change, find_changes
from santorio.baselines.forecasting import FEWEST_DAYS, PROBABILITIES, Forecast, check, forecast
from santorio.baselines.model import Filtered, filter_series
from santorio.baselines.nodes import DEFAULT
from santorio.baselines.sentences import date_of, say_anomaly, say_change
from santorio.database.engine import Database
from santorio.errors import NotEnoughData
from santorio.insights.fingerprint import fingerprint
from santorio.insights.publishing import Run, RunReport, last_fingerprint, publish
from santorio.insights.reading import Series, read_outcomes, words_of_left_out
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD
from santorio.metrics import outcome as find_outcome
from santorio.people import Person
from santorio.trials.columns import FloatArray

# Sources that decide what a baseline says.
CODE = ("baselines", "insights", "metrics.py")
LIBRARIES = ("numpy", "scipy")
DAYS_AHEAD = 14
# Of runs before this many days nothing is said: the ranges are still wide, and a week is hardly known.
FIRST_JUDGED = 21


@dataclass(frozen=True)
class Baseline:
    """All that is said of one metric.

    Attributes
    ----------
    expected : FloatArray
        What was expected of the last known day before it came, at `PROBABILITIES`; shape (7,).
    ahead : Forecast
        The days after it.
    """

    metric: str
    unit: str
    filtered: Filtered
    expected: FloatArray
    ahead: Forecast
    anomalies: Sequence[Anomaly]
    changes: Sequence[Change]


def analyse_baselines(database: Database, person: Person, *, force: bool = False) -> list[RunReport]:
    """Say what is usual for each outcome of a person, and publish it.

    Parameters
    ----------
    force : bool
        Compute even if nothing has changed.
    """
    with database.connect() as connection:
        outcomes = read_outcomes(connection, person.user_id)
    return [
        _analyse(database, person, name, series, force=force) for name, series in sorted(outcomes.items())
    ]


def _analyse(database: Database, person: Person, metric: str, series: Series, *, force: bool) -> RunReport:
    try:
        check(series.day, series.value)
    except NotEnoughData as missing:
        return RunReport("baselines", metric, "not enough data", str(missing))
    key = fingerprint(
        metric, series.day, series.value, DAYS_AHEAD, asdict(DEFAULT), code=CODE, libraries=LIBRARIES
    )
    with database.connect() as connection:
        if not force and last_fingerprint(connection, person.user_id, "baselines", metric) == key:
            return RunReport("baselines", metric, "unchanged")
    found = baseline(metric, find_outcome(metric, series.unit).unit, series)
    run = Run(
        user_id=person.user_id,
        kind="baselines",
        subject=metric,
        fingerprint=key,
        as_of=series.as_of,
        rows=[row(found)],
        diagnostics={**diagnostics(found), "left_out": words_of_left_out({metric: series})},
        plot=_plot(found),
        known_at=series.known_at,
    )
    return publish(database, run, force=force)


def baseline(metric: str, unit: str, series: Series) -> Baseline:
    """Compute what is usual, what was not, when it changed, and what comes.

    Raises
    ------
    NotEnoughData
        If there are too few days, or all are the same.
    """
    check(series.day, series.value)
    filtered = filter_series(series.day, series.value)
    state = filtered.state
    usual = filtered.outlier < 0.5  # an outlier is no level
    return Baseline(
        metric=metric,
        unit=unit,
        filtered=filtered,
        expected=filtered.ahead.on(slice(-1, None)).quantile(PROBABILITIES)[0],
        ahead=forecast(state, state.day + np.arange(1, DAYS_AHEAD + 1)),
        anomalies=find_anomalies(
            filtered, smallest=_smallest(metric, series.value), skip=FIRST_JUDGED - DEFAULT.warm_up
        ),
        changes=find_changes(filtered.day[usual], filtered.value[usual]),
    )


def _smallest(metric: str, value: FloatArray) -> float:
    """Smallest difference worth a word."""
    stated = find_outcome(metric).smallest_effect
    return stated if stated is not None else DEFAULT_SMALLEST_EFFECT_SD * float(value[:FEWEST_DAYS].std())


def row(found: Baseline) -> dict[str, object]:
    """Row of `insights.baselines`."""
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
        "anomalies": Jsonb([_anomaly(found, one, last) for one in found.anomalies]),
        "changes": Jsonb([_change(found, one) for one in found.changes]),
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


def _anomaly(found: Baseline, one: Anomaly, last: int) -> dict[str, object]:
    lasts = one.last_day == last
    return {
        **asdict(one),
        "first_day": date_of(one.first_day).isoformat(),
        "last_day": date_of(one.last_day).isoformat(),
        "lasts": lasts,
        "sentence": say_anomaly(found.metric, found.unit, one, lasts=lasts),
    }


def _change(found: Baseline, one: Change) -> dict[str, object]:
    days = {
        name: date_of(getattr(one, name)).isoformat() for name in ("day", "first_day", "last_day", "told_day")
    }
    return {**asdict(one), **days, "sentence": say_change(found.metric, found.unit, one)}


def diagnostics(found: Baseline) -> dict[str, object]:
    """How good the past ranges were, as shares: no value of the person's."""
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
        "weight_of_logarithm": float(filtered.state.weight[nodes.power == 0].sum()),
        "anomalies": len(found.anomalies),
        "changes": len(found.changes),
    }


def _plot(found: Baseline) -> bytes:
    from santorio.insights.plots import plot_baseline

    return plot_baseline(found)
