"""The plot of a metric over time: the range expected of each day, the values observed, and the forecast."""

from typing import TYPE_CHECKING

import numpy as np

from santorio.analyses.baselines.results import Baseline
from santorio.metrics import label
from santorio.rendering.charts import (
    GREEN,
    GREY,
    ORANGE,
    ZERO_LINE,
    label_axes,
    legend_below,
    new_figure,
    to_png,
)
from santorio.rendering.text import capitalize_first, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAYS_BEHIND = 90
# Tints of BLUE for the ranges of past days, of GREY for the forecast.
WIDE_RANGE, NARROW_RANGE = "#d9e8f2", "#99c7e0"
WIDE_FORECAST, NARROW_FORECAST = "#eeeeee", "#d5d5d5"


def plot_baseline(baseline: Baseline) -> bytes:
    """Plot the last ninety days over the range expected of each, and the forecast of the next fortnight, as PNG."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, (axes,) = new_figure(9.0, 3.4)
    # Days are numbers since 1970-01-01, which is matplotlib's own scale of dates.
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    first_shown = baseline.filtered.day[-1] - DAYS_BEHIND
    shown = np.flatnonzero(baseline.filtered.day > first_shown)
    _plot_expected(axes, baseline, shown)
    _plot_forecast(axes, baseline)
    _plot_values(axes, baseline, shown)
    for change in baseline.changes:
        if change.day > first_shown:
            axes.axvline(change.day, color=GREEN, lw=1.4, ls=":", label="new level")
    name = label(baseline.metric)
    label_axes(
        axes, y=with_unit(name, baseline.unit), title=f"{capitalize_first(name)}: expected and observed"
    )
    legend_below(axes, columns=6, offset=-0.14)
    return to_png(figure)


def _plot_expected(axes: "Axes", baseline: Baseline, shown: np.ndarray) -> None:
    """Shade the ranges of the days with a value; a day without one stays blank."""
    day = baseline.filtered.day[shown]
    bounds = baseline.filtered.ahead.of(shown).quantile(np.array([0.025, 0.25, 0.75, 0.975]))
    _shade_days(axes, day, bounds[:, 0], bounds[:, 3], WIDE_RANGE, "95 % range expected")
    _shade_days(axes, day, bounds[:, 1], bounds[:, 2], NARROW_RANGE, "50 % range expected")


def _shade_days(
    axes: "Axes", day: np.ndarray, lower: np.ndarray, upper: np.ndarray, colour: str, name: str | None = None
) -> None:
    """Shade each day's range as wide as the day, so that a day without neighbours is visible, too."""
    # Each day has two edges and a gap, which ends its area.
    edges = (day[:, None] + np.array([-0.5, 0.5, 0.5])).ravel()
    gap = np.array([1.0, 1.0, np.nan])
    axes.fill_between(
        edges,
        (lower[:, None] * gap).ravel(),
        (upper[:, None] * gap).ravel(),
        color=colour,
        lw=0,
        label=name,
        # Antialiasing draws a white seam between neighbouring days.
        antialiased=False,
    )


def _plot_forecast(axes: "Axes", baseline: Baseline) -> None:
    ahead = baseline.ahead
    for coverage, colour in ((0.95, WIDE_FORECAST), (0.5, NARROW_FORECAST)):
        _shade_days(axes, ahead.day, *ahead.interval(coverage), colour)
    axes.plot(ahead.day, ahead.median, color=GREY, lw=1.2, ls="--", label="forecast")


def _plot_values(axes: "Axes", baseline: Baseline, shown: np.ndarray) -> None:
    day, value = baseline.filtered.day[shown], baseline.filtered.value[shown]
    is_unusual = np.zeros(len(day), dtype=bool)
    for anomaly in baseline.anomalies:
        is_unusual |= (day >= anomaly.first_day) & (day <= anomaly.last_day)
    axes.plot(day[~is_unusual], value[~is_unusual], "o", color=ZERO_LINE, ms=3, label="observed")
    if is_unusual.any():
        axes.plot(day[is_unusual], value[is_unusual], "D", color=ORANGE, ms=5, label="unusual")
