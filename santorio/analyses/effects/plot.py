"""A forest plot of the associations with one outcome, as PNG bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

from santorio.metrics import label
from santorio.rendering.plots import COLOURS, new_figure, to_png, with_unit


def plot_effects(outcome: str, unit: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw a forest of associations with one outcome: 50 % intervals thick, 95 % thin, the strongest on top."""
    figure, (axes,) = new_figure(6.6, 1.3 + 0.38 * len(rows), [1])
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
        xlabel=with_unit("Associated difference", unit),
        title=f"What goes with {label(outcome)}",
    )
    return to_png(figure)


def _amount(row: Mapping[str, Any]) -> str:
    name, unit = label(row["exposure"]), row["exposure_unit"]
    return f"{row['per_amount']:g} {name}" if unit in name else f"{row['per_amount']:g} {unit} {name}"
