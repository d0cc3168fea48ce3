"""Charts: the palette, the making of a figure and its rendering as PNG or SVG; and the charts of a report.

Colours are of Okabe & Ito's palette, which people with any colour vision can distinguish. Arms differ in marker and
hatch too, so that a print in grey loses nothing. An analysis with a chart of its own draws it in its own package, with
the functions here.
"""

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from santorio.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY, BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY_BLUE = (
    "#5d5d5d",
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
)
# The reference arm is grey; the others follow in this order.
ARM_COLOURS = (GREY, BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY_BLUE)
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
HATCHES = ("", "///", "\\\\\\", "...", "xxx", "|||", "---")
LINE_STYLES = ("-", "--", ":", "-.")
ZERO_LINE = "#333333"
INTERVAL = "#111111"
NEGLIGIBLE = "#eeeeee"

WIDTH_IN = 8.4
PNG_DPI = 90
# Only what is rasterised inside an SVG has a resolution.
SVG_DPI = 150
# More markers than this make an SVG heavy: they are rasterised.
MAX_SHAPES = 2000
# More periods than this make hatching an even grey: they are shaded without it.
MAX_HATCHED_PERIODS = 200


def new_figure(
    width: float, height: float, *, rows: int = 1, width_ratios: Sequence[float] = (1,)
) -> tuple["Figure", list["Axes"]]:
    """Make an empty figure with its axes, row by row.

    Parameters
    ----------
    width, height
        In inches.
    rows
        Number of rows of axes.
    width_ratios
        Relative widths of the axes in a row; one number for each.
    """
    # Not pyplot: it keeps global state and looks for a display.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, len(width_ratios), width_ratios=list(width_ratios), squeeze=False)
    axes: list[Axes] = list(grid.ravel())
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    return figure, axes


def label_axes(axes: "Axes", *, x: str = "", y: str = "", title: str = "") -> None:
    """Label axes in the sizes of every chart."""
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.set_title(title, fontsize=10)


def legend_below(axes: "Axes", *, columns: int, offset: float = -0.2) -> None:
    """Put a legend below axes; entries of one name are shown once."""
    by_name = {name: handle for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    axes.legend(
        by_name.values(),
        by_name.keys(),
        loc="upper center",
        bbox_to_anchor=(0.5, offset),
        ncol=columns,
        frameon=False,
        fontsize=8,
    )


def to_png(figure: "Figure") -> bytes:
    """Render a figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PNG_DPI)
    return buffer.getvalue()


def to_svg(figure: "Figure") -> bytes:
    """Render a figure as SVG; the same figure gives the same bytes."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # Without these, element names are random and the file contains the date.
    with rc_context({"svg.hashsalt": "santorio", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", dpi=SVG_DPI, metadata={"Date": None})
    return buffer.getvalue()


@dataclass(frozen=True)
class CaseRows:
    """The rows of one case: day, arm, and outcome (NaN where missing), each of shape (rows,)."""

    title: str
    day: IntArray
    arm: IntArray
    values: FloatArray


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    name: str
    estimate: float
    lower: float
    upper: float
    bold: bool = False


def plot_rows(
    cases: Sequence[CaseRows], arms: Sequence[str], label: str, x_label: str, *, dated: bool
) -> bytes:
    """Plot the outcome over time as SVG: a panel per case, days shaded by their arm, a line at each arm's mean.

    Parameters
    ----------
    dated
        Whether days are days since 1970-01-01, so that the axis shows dates; else they are plain numbers.
    """
    figure, axes = new_figure(WIDTH_IN, 0.7 + 2.3 * len(cases), rows=len(cases))
    for case, panel in zip(cases, axes, strict=True):
        _shade_arms(panel, case, dated=dated)
        for number, name in enumerate(arms):
            _plot_arm(panel, case, number, name, dated=dated)
        label_axes(panel, y=label, title=case.title)
    axes[-1].set_xlabel(x_label, fontsize=9)
    axes[0].legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncol=len(arms), frameon=False, fontsize=8)
    if dated:
        figure.autofmt_xdate(rotation=0, ha="center")
    return to_svg(figure)


def _plot_arm(axes: "Axes", case: CaseRows, number: int, name: str, *, dated: bool) -> None:
    x: Any = case.day
    if dated:
        x = case.day.astype("datetime64[D]")
    shown = (case.arm == number) & np.isfinite(case.values)
    colour = ARM_COLOURS[number % len(ARM_COLOURS)]
    axes.scatter(
        x[shown],
        case.values[shown],
        s=18,
        color=colour,
        marker=MARKERS[number % len(MARKERS)],
        label=name,
        rasterized=len(case.day) > MAX_SHAPES,
        zorder=3,
    )
    if shown.any():
        mean = float(case.values[shown].mean())
        axes.axhline(mean, color=colour, lw=1.1, ls=LINE_STYLES[number % len(LINE_STYLES)])


def _shade_arms(axes: "Axes", case: CaseRows, *, dated: bool) -> None:
    changes = np.flatnonzero(np.diff(case.arm)) + 1
    edges = [0, *changes.tolist(), len(case.arm)]
    is_hatched = len(edges) < MAX_HATCHED_PERIODS
    for begin, end in itertools.pairwise(edges):
        arm = int(case.arm[begin])
        # The reference stays white.
        if arm == 0:
            continue
        colour = ARM_COLOURS[arm % len(ARM_COLOURS)]
        hatch = None
        if is_hatched:
            hatch = HATCHES[arm % len(HATCHES)]
        # A day is as wide as the day: half of one before it, half of one after.
        left: Any = float(case.day[begin]) - 0.5
        right: Any = float(case.day[end - 1]) + 0.5
        if dated:
            left, right = _instant(left), _instant(right)
        axes.axvspan(
            left,
            right,
            facecolor=colour,
            alpha=0.13,
            lw=0,
            hatch=hatch,
            edgecolor=colour,
        )


def _instant(day: float) -> np.datetime64:
    """Days since 1970-01-01, with half days, as an instant of matplotlib's axis of dates."""
    return np.datetime64(0, "h") + np.timedelta64(round(24 * day), "h")


def plot_effect(
    values: FloatArray,
    density: FloatArray,
    prior: FloatArray | None,
    smallest_effect: float,
    interval: Interval,
    label: str,
) -> bytes:
    """Plot the posterior density of an effect as SVG, with its prior and the band that is too small to matter.

    `values`, `density` and `prior` have the shape (points,).
    """
    figure, (axes,) = new_figure(WIDTH_IN, 3.0)
    shade_negligible(axes, smallest_effect, hatched=True)
    axes.plot(values, density, color=BLUE, lw=1.8, label="after the data")
    axes.fill_between(values, density, color=BLUE, alpha=0.15, lw=0)
    if prior is not None:
        axes.plot(values, prior, color=VERMILLION, lw=1.4, ls="--", label="before the data")
    axes.axvline(0, color=ZERO_LINE, lw=0.9)
    plot_interval_on_axis(axes, interval.lower, interval.upper)
    axes.plot(
        interval.estimate,
        0,
        marker="o",
        color="white",
        markeredgecolor=INTERVAL,
        ms=7,
        zorder=4,
        clip_on=False,
    )
    axes.set(yticks=[], ylim=(0, None))
    label_axes(axes, x=label, title=interval.name)
    axes.spines["left"].set_visible(False)
    legend_below(axes, columns=4)
    return to_svg(figure)


def shade_negligible(axes: "Axes", smallest_effect: float, *, hatched: bool = False) -> None:
    """Shade the effects that are too small to matter."""
    hatch = None
    if hatched:
        hatch = ".."
    axes.axvspan(
        -smallest_effect,
        smallest_effect,
        facecolor=NEGLIGIBLE,
        hatch=hatch,
        edgecolor="#cccccc",
        lw=0,
        label=f"too small to matter (±{smallest_effect:.3g})",
    )


def plot_interval_on_axis(axes: "Axes", lower: float, upper: float) -> None:
    """Draw a 95 % interval as a bar on the horizontal axis."""
    axes.plot([lower, upper], [0, 0], color=INTERVAL, lw=5, solid_capstyle="butt", label="95 % interval")


def plot_forest(intervals: Sequence[Interval], smallest_effect: float, label: str) -> bytes:
    """Plot effects one below the other as SVG: by cycle, or by person."""
    figure, (axes,) = new_figure(WIDTH_IN, 1.0 + 0.3 * len(intervals))
    shade_negligible(axes, smallest_effect, hatched=True)
    axes.axvline(0, color=ZERO_LINE, lw=0.9)
    for height, interval in enumerate(reversed(intervals)):
        colour, width, marker = GREY, 1.6, "o"
        if interval.bold:
            colour, width, marker = BLUE, 3.5, "D"
        axes.plot([interval.lower, interval.upper], [height, height], color=colour, lw=width)
        axes.plot(interval.estimate, height, marker=marker, color="white", markeredgecolor=colour, ms=6)
    name_rows(axes, [interval.name for interval in intervals])
    label_axes(axes, x=label)
    return to_svg(figure)


def name_rows(axes: "Axes", names: Sequence[str]) -> None:
    """Name the rows of a forest plot, the first on top."""
    axes.set(yticks=range(len(names)), yticklabels=list(reversed(names)), ylim=(-0.6, len(names) - 0.4))
