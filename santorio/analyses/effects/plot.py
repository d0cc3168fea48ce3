"""A forest plot of the associations with one outcome."""

from collections.abc import Mapping, Sequence
from typing import Any

from santorio.metrics import label
from santorio.rendering.charts import BLUE, GREY, ZERO_LINE, label_axes, name_rows, new_figure, to_png
from santorio.rendering.text import with_unit


def plot_effects(outcome: str, unit: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Plot the associations with one outcome as PNG: 50 % intervals thick, 95 % thin, the first row on top.

    An association whose 95 % interval excludes zero is blue, any other is grey.
    """
    figure, (axes,) = new_figure(6.6, 1.3 + 0.38 * len(rows))
    for height, row in enumerate(reversed(rows)):
        excludes_zero = row["lower_95"] > 0 or row["upper_95"] < 0
        colour = BLUE if excludes_zero else GREY
        axes.plot([row["lower_95"], row["upper_95"]], [height, height], color=colour, lw=1.2)
        axes.plot(
            [row["lower_50"], row["upper_50"]], [height, height], color=colour, lw=4, solid_capstyle="butt"
        )
        axes.plot(row["estimate"], height, "o", color="white", markeredgecolor=colour, ms=6)
    axes.axvline(0, color=ZERO_LINE, lw=0.8)
    name_rows(axes, [_amount(row) for row in rows])
    label_axes(axes, x=with_unit("Associated difference", unit), title=f"Associations with {label(outcome)}")
    return to_png(figure)


def _amount(row: Mapping[str, Any]) -> str:
    """Name an exposure with its amount; a unit that its name contains already is not repeated."""
    name, unit = label(row["exposure"]), row["exposure_unit"]
    amount = f"{row['per_amount']:g}"
    if not unit or unit in name:
        return f"{amount} {name}"
    return f"{amount} {unit} {name}"
