"""A trial's days and the posterior of its effect, as PNG bytes."""

import numpy as np

from santorio.arrays import FloatArray
from santorio.metrics import label
from santorio.rendering.plots import COLOURS, capitalized, new_figure, to_png, with_unit
from santorio.trials.analysis.data import Trial
from santorio.trials.analysis.preprocessing import Prepared


def plot_trial(trial: Trial, prepared: Prepared, effect: FloatArray) -> bytes:
    """Draw a trial: its days coloured by arm, and the effect's posterior with the band that does not matter."""
    figure, (days, posterior) = new_figure(9.0, 3.2, [3, 2])
    name = capitalized(label(prepared.metric))
    for k, arm in enumerate(trial.arms):
        inside = prepared.known & (trial.arm == k)
        days.scatter(trial.study_day[inside], prepared.outcome[inside], s=16, color=COLOURS[k % 4], label=arm)
        days.axhline(prepared.outcome[inside].mean(), color=COLOURS[k % 4], lw=1, ls="--")
    days.set(xlabel="Day of the trial", ylabel=with_unit(name, prepared.unit), title=f"Trial: {trial.name}")
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
        xlabel=with_unit("Effect", prepared.unit),
        title=f"{trial.arms[1]} against {trial.arms[0]}",
        yticks=[],
    )
    posterior.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncol=2, frameon=False, fontsize=8)
    return to_png(figure)
