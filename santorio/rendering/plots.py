"""What every small plot shares: the figure, its colours, its labels. PNG bytes."""

import io
from collections.abc import Sequence
from typing import Any

COLOURS = ("#7f8c8d", "#1f77b4", "#d9822b", "#2a9d5c")
DPI = 90


def new_figure(width: float, height: float, ratios: Sequence[float]) -> tuple[Any, Any]:
    """Make a figure of one row of axes, as wide as `ratios` say; width and height in inches."""
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


def to_png(figure: Any) -> bytes:
    """Render a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def with_unit(name: str, unit: str) -> str:
    """Label of an axis: the name with its unit in parentheses."""
    return f"{name} ({unit})" if unit else name


def capitalized(text: str) -> str:
    """Text with a capital first letter; the rest as it is."""
    return text[:1].upper() + text[1:]
