"""Small pictures of what was found, as PNG bytes: a trial's days and its effect, an outcome's associations."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from santorio.arrays import FloatArray
from santorio.metrics import label

if TYPE_CHECKING:
    from santorio.trials.analysis.data import Trial
    from santorio.trials.analysis.preprocessing import Prepared

COLOURS = ("#7f8c8d", "#1f77b4", "#d9822b", "#2a9d5c")
DPI = 90


def plot_trial(trial: "Trial", prepared: "Prepared", effect: FloatArray) -> bytes:
    """Draw a trial: its days coloured by arm, and the effect's posterior with the band that does not matter."""
    figure, (days, posterior) = _figure(9.0, 3.2, [3, 2])
    name = _capital(label(prepared.metric))
    for k, arm in enumerate(trial.arms):
        inside = prepared.known & (trial.arm == k)
        days.scatter(trial.study_day[inside], prepared.outcome[inside], s=16, color=COLOURS[k % 4], label=arm)
        days.axhline(prepared.outcome[inside].mean(), color=COLOURS[k % 4], lw=1, ls="--")
    days.set(xlabel="Day of the trial", ylabel=_with_unit(name, prepared.unit), title=f"Trial: {trial.name}")
    days.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncol=4, frameon=False, fontsize=8)

    delta = prepared.smallest_effect
    posterior.axvspan(-delta, delta, color="#eeeeee", label=f"too small to matter (±{delta:.3g})")
    posterior.hist(effect, bins=60, density=True, color=COLOURS[1], alpha=0.75)
    lower, upper = np.quantile(effect, [0.025, 0.975])
    posterior.axvline(0, color="#444444", lw=0.8)
    posterior.plot(
        [lower, upper], [0, 0], color="#111111", lw=4, solid_capstyle="butt", label="95 % interval"
    )
    reach = max(np.abs(effect - effect.mean()).max(), delta - abs(float(effect.mean())), delta * 1.2)
    posterior.set(
        xlim=(effect.mean() - reach, effect.mean() + reach),
        xlabel=_with_unit("Effect", prepared.unit),
        title=f"{trial.arms[1]} against {trial.arms[0]}",
        yticks=[],
    )
    posterior.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncol=2, frameon=False, fontsize=8)
    return _png(figure)


def plot_effects(outcome: str, unit: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw a forest of associations with one outcome: 50 % intervals thick, 95 % thin, the strongest on top."""
    figure, (axes,) = _figure(6.6, 1.3 + 0.38 * len(rows), [1])
    for height, row in enumerate(reversed(rows)):
        clear = row["lower_95"] > 0 or row["upper_95"] < 0
        colour = COLOURS[1] if clear else COLOURS[0]
        axes.plot([row["lower_95"], row["upper_95"]], [height, height], color=colour, lw=1.2)
        axes.plot(
            [row["lower_50"], row["upper_50"]], [height, height], color=colour, lw=4, solid_capstyle="butt"
        )
        axes.plot(row["estimate"], height, "o", color="white", markeredgecolor=colour, ms=6)
    axes.axvline(0, color="#444444", lw=0.8)
    axes.set(
        yticks=range(len(rows)),
        yticklabels=[_amount(row) for row in reversed(rows)],
        ylim=(-0.6, len(rows) - 0.4),
        xlabel=_with_unit("Associated difference", unit),
        title=f"What goes with {label(outcome)}",
    )
    return _png(figure)


def _figure(width: float, height: float, ratios: Sequence[float]) -> tuple[Any, Any]:
    # The figure's own canvas: pyplot would hold global state and look for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(ratios), width_ratios=list(ratios), squeeze=False)[0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=8)
        one.xaxis.label.set_size(9)
        one.yaxis.label.set_size(9)
        one.title.set_size(10)
    return figure, axes


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _amount(row: Mapping[str, Any]) -> str:
    name, unit = label(row["exposure"]), row["exposure_unit"]
    return f"{row['per_amount']:g} {name}" if unit in name else f"{row['per_amount']:g} {unit} {name}"


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
