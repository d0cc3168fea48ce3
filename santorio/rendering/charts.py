"""Drawings of a report, as SVG: rows with their arms shaded, an effect's posterior, effects one below the other.

Colours are of Okabe & Ito's palette, which people with any colour vision tell apart; arms differ in marker and hatch
too, so that a print in grey loses nothing.
"""

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from santorio.arrays import FloatArray, IntArray

COLOURS = ("#5d5d5d", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
HATCHES = ("", "///", "\\\\\\", "...", "xxx", "|||", "---")
# More shapes than this make a page heavy: they are drawn as pixels inside the SVG.
MOST_SHAPES = 2000


@dataclass(frozen=True)
class Rows:
    """Rows of one case: when, which arm, and the outcome (NaN where missing)."""

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


def draw_rows(cases: Sequence[Rows], arms: Sequence[str], label: str, when: str, *, dated: bool) -> bytes:
    """Draw the outcome over time, one panel a case, days shaded by their arm."""
    figure, axes = _figure(8.4, 0.7 + 2.3 * len(cases), len(cases), sharex=False)
    for case, one in zip(cases, axes, strict=True):
        at: Any = case.day.astype("datetime64[D]") if dated else case.day
        _shade(one, case, dated=dated)
        for number, arm in enumerate(arms):
            inside = (case.arm == number) & np.isfinite(case.values)
            one.scatter(
                at[inside], case.values[inside], s=18, color=COLOURS[number % 7], marker=MARKERS[number % 7],
                label=arm, rasterized=len(case.day) > MOST_SHAPES, zorder=3,
            )  # fmt: skip
            if inside.any():
                one.axhline(
                    float(case.values[inside].mean()), color=COLOURS[number % 7], lw=1.1,
                    ls=("-", "--", ":", "-.")[number % 4],
                )  # fmt: skip
        one.set(ylabel=label, title=case.title)
    axes[-1].set_xlabel(when)
    axes[0].legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncol=len(arms), frameon=False, fontsize=8)
    if dated:
        figure.autofmt_xdate(rotation=0, ha="center")
    return _svg(figure)


def _shade(axes: Any, case: Rows, *, dated: bool) -> None:
    changes = np.flatnonzero(np.diff(case.arm)) + 1
    edges = [0, *changes.tolist(), len(case.arm)]
    for begin, end in itertools.pairwise(edges):
        number = int(case.arm[begin])
        if number == 0:
            continue
        left, right = float(case.day[begin]) - 0.5, float(case.day[end - 1]) + 0.5
        span = [np.datetime64(0, "h") + np.timedelta64(round(24 * edge), "h") for edge in (left, right)]
        axes.axvspan(
            *(span if dated else (left, right)), facecolor=COLOURS[number % 7], alpha=0.13, lw=0,
            hatch=HATCHES[number % 7] if len(edges) < 200 else None, edgecolor=COLOURS[number % 7],
        )  # fmt: skip


def draw_effect(
    at: FloatArray,
    density: FloatArray,
    prior: FloatArray | None,
    delta: float,
    interval: Interval,
    label: str,
) -> bytes:
    """Draw the posterior of an effect, the band that does not matter, and what was believed before."""
    figure, (axes,) = _figure(8.4, 3.0, 1)
    axes.axvspan(
        -delta,
        delta,
        facecolor="#eeeeee",
        hatch="..",
        edgecolor="#cccccc",
        lw=0,
        label=f"too small to matter (±{delta:.3g})",
    )
    axes.plot(at, density, color=COLOURS[1], lw=1.8, label="after the data")
    axes.fill_between(at, density, color=COLOURS[1], alpha=0.15, lw=0)
    if prior is not None:
        axes.plot(at, prior, color=COLOURS[2], lw=1.4, ls="--", label="before the data")
    axes.axvline(0, color="#333333", lw=0.9)
    axes.plot(
        [interval.lower, interval.upper],
        [0, 0],
        color="#111111",
        lw=5,
        solid_capstyle="butt",
        label="95 % interval",
    )
    axes.plot(
        interval.estimate,
        0,
        marker="o",
        color="white",
        markeredgecolor="#111111",
        ms=7,
        zorder=4,
        clip_on=False,
    )
    axes.set(xlabel=label, yticks=[], title=interval.name, ylim=(0, None))
    axes.spines["left"].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncol=4, frameon=False, fontsize=8)
    return _svg(figure)


def draw_intervals(intervals: Sequence[Interval], delta: float, label: str) -> bytes:
    """Draw effects one below the other: by cycle, or by person."""
    figure, (axes,) = _figure(8.4, 1.0 + 0.3 * len(intervals), 1)
    axes.axvspan(-delta, delta, facecolor="#eeeeee", hatch="..", edgecolor="#cccccc", lw=0)
    axes.axvline(0, color="#333333", lw=0.9)
    for height, one in enumerate(reversed(intervals)):
        colour = COLOURS[1] if one.bold else COLOURS[0]
        axes.plot([one.lower, one.upper], [height, height], color=colour, lw=3.5 if one.bold else 1.6)
        axes.plot(
            one.estimate, height, marker="D" if one.bold else "o", color="white", markeredgecolor=colour, ms=6
        )
    axes.set(
        yticks=range(len(intervals)), yticklabels=[one.name for one in reversed(intervals)],
        ylim=(-0.6, len(intervals) - 0.4), xlabel=label,
    )  # fmt: skip
    return _svg(figure)


def _figure(width: float, height: float, rows: int, *, sharex: bool = False) -> tuple[Any, Any]:
    # The figure's own canvas: pyplot would hold global state and look for a display.
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=150)
    FigureCanvasSVG(figure)
    axes = figure.subplots(rows, 1, sharex=sharex, squeeze=False)[:, 0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=8)
        one.xaxis.label.set_size(9)
        one.yaxis.label.set_size(9)
        one.title.set_size(10)
    return figure, axes


def _svg(figure: Any) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # The same data gives the same bytes: no date, and names that do not depend on chance.
    with rc_context({"svg.hashsalt": "santorio", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
