"""Draws `trial_timeline.svg`: the course of a trial in periods, as docs/method.md describes it.

Run it again after a change of the design matrix or of the randomization: `python docs/images/trial_timeline.py`.
"""

from pathlib import Path

import numpy as np

from santorio.rendering.charts import BLUE, GREY, VERMILLION, new_figure, to_svg
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.randomization import draw_periods

CYCLES, PERIOD_DAYS, WASHOUT_DAYS, LAG_DAYS = 3, 7, 2, 1
INTERIM_AFTER_DAYS = 28
CARRY_OVER = 0.5  # half of the exposure is still effective on the next day
SEED = 2


def draw() -> bytes:
    """Draw the assigned arms with their washout above, the effective exposure below."""
    arm = draw_periods(CYCLES, PERIOD_DAYS, SEED)
    day = np.arange(len(arm))
    in_washout = day % PERIOD_DAYS < WASHOUT_DAYS
    design = TrialDesign(day, arm, day // (2 * PERIOD_DAYS), np.ones(len(day), dtype=bool), 2)
    exposure = design.exposure(np.array([CARRY_OVER]))[0, :, 0]

    figure, (assigned, felt) = new_figure(9.0, 4.0, rows=2)
    for number, (name, colour) in enumerate({"reference arm": GREY, "other arm": BLUE}.items()):
        counts, washed = (arm == number) & ~in_washout, (arm == number) & in_washout
        assigned.bar(day[counts] + 1, 1.0, width=1.0, color=colour, label=name)
        assigned.bar(
            day[washed] + 1, 1.0, width=1.0, facecolor="white", edgecolor=colour, hatch="////", lw=0.5
        )
    assigned.bar(
        [0], [0], facecolor="white", edgecolor=GREY, hatch="////", lw=0.5, label="washout: no outcome counts"
    )
    for cycle in range(1, CYCLES + 1):
        assigned.text((cycle - 0.5) * 2 * PERIOD_DAYS + 0.5, 1.12, f"cycle {cycle}", ha="center", fontsize=8)
    assigned.set(yticks=[], ylim=(0, 1.35), title="Assigned arm of every study day")
    assigned.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncol=3, frameon=False, fontsize=8)

    felt.step(day + 1, exposure, where="mid", color=BLUE)
    felt.plot(
        day[~in_washout] + 1, exposure[~in_washout], ".", color=BLUE, ms=5, label="days whose outcome counts"
    )
    events = {
        0.5: "protocol frozen",
        INTERIM_AFTER_DAYS + LAG_DAYS + 2: "interim analysis of 28 days",
        len(arm) + LAG_DAYS + 2: "final analysis",
    }
    for when, name in events.items():
        for axes in (assigned, felt):
            axes.axvline(when, color=VERMILLION, lw=1, ls="--")
        felt.text(when, 1.14, name, color=VERMILLION, fontsize=8, ha="left" if when < 1 else "right")
    felt.set(
        xlabel="Day", ylim=(0, 1.3), yticks=[0, 0.5, 1], title="Effective exposure, half-life of one day"
    )
    for axes in (assigned, felt):
        axes.set_xlim(-0.5, len(arm) + LAG_DAYS + 3)
    return to_svg(figure)


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_bytes(draw())
