"""A metric as a picture: what was expected of each day before it came, what came, and what is to be expected."""

import io
from typing import TYPE_CHECKING

import numpy as np

from santorio.analyses.baselines.results import Baseline
from santorio.metrics import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DAYS_BEHIND = 90
DPI = 90
# Readable in print and by colour-blind people: what is odd has a shape of its own, what changed a line.
PALE, MIDDLE, ODD, NEW_LEVEL, DARK = "#dbe7f1", "#a9c6de", "#d9822b", "#2a7f62", "#333333"


def plot_baseline(found: Baseline) -> bytes:
    """Draw the last ninety days over what was expected of each, and the fortnight to come; a PNG."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = _figure()
    # Days since 1970-01-01 are what matplotlib's dates are.
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    day = found.filtered.day
    shown = np.flatnonzero(day > day[-1] - DAYS_BEHIND)
    _draw_expected(axes, found, shown)
    _draw_coming(axes, found)
    _draw_days(axes, found, shown)
    for change in found.changes:
        if change.day > day[-1] - DAYS_BEHIND:
            axes.axvline(change.day, color=NEW_LEVEL, lw=1.4, ls=":", label="new level")
    name = label(found.metric)
    axes.set(
        ylabel=f"{name} ({found.unit})" if found.unit else name,
        title=f"{name[:1].upper()}{name[1:]}: what was expected, what came",
    )
    handles = {text: handle for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    axes.legend(handles.values(), handles.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.14), ncol=6,
                frameon=False, fontsize=8)  # fmt: skip
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw_expected(axes: "Axes", found: Baseline, shown: np.ndarray) -> None:
    """Draw the ranges of the days that came; on days of which nothing is known nothing is drawn."""
    day = found.filtered.day[shown]
    ends = found.filtered.ahead.of(shown).quantile(np.array([0.025, 0.25, 0.75, 0.975]))
    _draw_range(axes, day, ends[:, 0], ends[:, 3], PALE, "95 % of days expected")
    _draw_range(axes, day, ends[:, 1], ends[:, 2], MIDDLE, "50 % of days expected")


def _draw_range(
    axes: "Axes", day: np.ndarray, lower: np.ndarray, upper: np.ndarray, colour: str, name: str | None = None
) -> None:
    """Draw each day's range as wide as the day, so that one without neighbours is seen, too."""
    edges = (day[:, None] + np.array([-0.5, 0.5, 0.5])).ravel()
    gap = np.array([1.0, 1.0, np.nan])
    axes.fill_between(
        edges, (lower[:, None] * gap).ravel(), (upper[:, None] * gap).ravel(), color=colour, lw=0, label=name,
        antialiased=False,
    )  # fmt: skip


def _draw_coming(axes: "Axes", found: Baseline) -> None:
    ahead = found.ahead
    for coverage, colour in ((0.95, "#eeeeee"), (0.5, "#d5d5d5")):
        _draw_range(axes, ahead.day, *ahead.interval(coverage), colour)
    axes.plot(ahead.day, ahead.median, color="#7f8c8d", lw=1.2, ls="--", label="to come")


def _draw_days(axes: "Axes", found: Baseline, shown: np.ndarray) -> None:
    day, value = found.filtered.day[shown], found.filtered.value[shown]
    is_odd = np.zeros(len(day), dtype=bool)
    for one in found.anomalies:
        is_odd |= (day >= one.first_day) & (day <= one.last_day)
    axes.plot(day[~is_odd], value[~is_odd], "o", color=DARK, ms=3, label="what came")
    if is_odd.any():
        axes.plot(day[is_odd], value[is_odd], "D", color=ODD, ms=5, label="odd")


def _figure() -> tuple["Figure", "Axes"]:
    # The figure's own canvas: pyplot would hold global state and look for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.4), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.yaxis.label.set_fontsize(9)
    axes.title.set_fontsize(10)
    return figure, axes
