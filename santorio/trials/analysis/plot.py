"""A trial's days and the posterior of its effect."""

import numpy as np

from santorio.arrays import FloatArray
from santorio.metrics import label
from santorio.rendering.charts import (
    ARM_COLOURS,
    BLUE,
    MARKERS,
    ZERO_LINE,
    label_axes,
    legend_below,
    new_figure,
    plot_interval_on_axis,
    shade_negligible,
    to_png,
)
from santorio.rendering.text import capitalize_first, with_unit
from santorio.trials.analysis.data import Trial
from santorio.trials.analysis.preprocessing import Prepared


def plot_trial(trial: Trial, prepared: Prepared, effect: FloatArray) -> bytes:
    """Plot a trial as PNG: its days coloured by arm, and the posterior of its effect.

    `effect` are posterior draws in the outcome's unit; shape (draws,).
    """
    figure, (days, posterior) = new_figure(9.0, 3.2, width_ratios=[3, 2])
    outcome = with_unit(capitalize_first(label(prepared.metric)), prepared.unit)
    for k, arm in enumerate(trial.arms):
        shown = prepared.observed & (trial.arm == k)
        colour = ARM_COLOURS[k % len(ARM_COLOURS)]
        marker = MARKERS[k % len(MARKERS)]
        days.scatter(
            trial.study_day[shown], prepared.outcome[shown], s=16, color=colour, marker=marker, label=arm
        )
        days.axhline(prepared.outcome[shown].mean(), color=colour, lw=1, ls="--")
    label_axes(days, x="Day of the trial", y=outcome, title=f"Trial: {trial.name}")
    legend_below(days, columns=4, offset=-0.22)

    smallest = prepared.smallest_effect
    shade_negligible(posterior, smallest)
    posterior.hist(effect, bins=60, density=True, color=BLUE, alpha=0.75)
    posterior.axvline(0, color=ZERO_LINE, lw=0.8)
    lower, upper = np.quantile(effect, [0.025, 0.975])
    plot_interval_on_axis(posterior, lower, upper)
    # The axis includes every draw, and one edge of the band of effects that are too small to matter.
    mean = float(effect.mean())
    reach = max(np.abs(effect - mean).max(), smallest - abs(mean), smallest * 1.2)
    posterior.set(xlim=(mean - reach, mean + reach), yticks=[])
    label_axes(
        posterior, x=with_unit("Effect", prepared.unit), title=f"{trial.arms[1]} against {trial.arms[0]}"
    )
    legend_below(posterior, columns=2, offset=-0.22)
    return to_png(figure)
