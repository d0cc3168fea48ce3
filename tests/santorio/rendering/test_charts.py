"""Charts are the same bytes for the same data, and stay light however many days they show."""

import numpy as np
from defusedxml import ElementTree

from santorio.rendering.charts import (
    MAX_SHAPES,
    CaseRows,
    Interval,
    new_figure,
    plot_effect,
    plot_rows,
    to_png,
)


def rows(count: int) -> CaseRows:
    rng = np.random.default_rng(1)
    return CaseRows("", np.arange(20_000, 20_000 + count), np.arange(count) // 7 % 2, rng.normal(size=count))


def elements(image: bytes, name: str) -> int:
    return len(list(ElementTree.fromstring(image).iter(f"{{http://www.w3.org/2000/svg}}{name}")))


def test_the_same_data_gives_the_same_bytes() -> None:
    first, second = (plot_rows([rows(60)], ["A", "B"], "mood", "Day", dated=True) for _ in range(2))
    assert first == second


def test_many_markers_are_one_image_and_few_are_shapes() -> None:
    few = plot_rows([rows(60)], ["A", "B"], "mood", "Day", dated=False)
    heavy = plot_rows([rows(MAX_SHAPES + 1)], ["A", "B"], "mood", "Day", dated=False)
    assert elements(few, "image") == 0
    assert elements(heavy, "image") > 0


def test_an_effect_is_drawn_with_and_without_its_prior() -> None:
    values = np.linspace(-3, 3, 50)
    density = np.exp(-(values**2))
    interval = Interval("on against off", 0.5, -1.0, 2.0)
    alone = plot_effect(values, density, None, 1.0, interval, "Effect")
    beside = plot_effect(values, density, density / 2, 1.0, interval, "Effect")
    assert elements(beside, "path") > elements(alone, "path")


def test_axes_are_given_row_by_row_and_rendered_as_png() -> None:
    figure, axes = new_figure(6, 3, rows=2, width_ratios=[3, 2])
    assert len(axes) == 4
    assert axes[0].get_position().y0 > axes[2].get_position().y0
    assert to_png(figure).startswith(b"\x89PNG")
