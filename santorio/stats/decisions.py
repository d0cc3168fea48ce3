"""From a posterior to a decision: the three probabilities, and the decision that follows from them.

With θ the effect and δ the smallest effect that matters, one of P(θ > δ), P(|θ| ≤ δ) and P(θ < -δ) must reach a
threshold; else the trial is undecided. |θ| ≤ δ is a region of practical equivalence (Kruschke 2018,
doi:10.1177/2515245918771304).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.metrics import Direction

Decision = Literal["adopt", "avoid", "raises", "lowers", "no difference that matters", "keep going"]
# Result of a negative control: an outcome that no arm can change.
Control = Literal["nothing found", "something found"]

# One threshold for all three answers; its error rates are simulated in tests/calibration and stated in docs/method.md.
DECISION_THRESHOLD = 0.8
# Each interim analysis is one more chance to err: ending a trial early takes more.
INTERIM_THRESHOLD = 0.95

# Codes of `classify`.
ABOVE, WITHIN, BELOW, UNDECIDED = 1, 0, -1, 2


@dataclass(frozen=True, slots=True)
class Summary:
    """A posterior in its own unit: moments, intervals, and the three probabilities beside the smallest effect δ."""

    estimate: float
    sd: float
    lower_95: float
    upper_95: float
    lower_50: float
    upper_50: float
    probability_above: float
    probability_within: float
    probability_below: float


def summarise(draws: FloatArray, smallest_effect: float) -> Summary:
    """Summarise the posterior of an effect.

    Parameters
    ----------
    draws : FloatArray
        Draws of the effect, shape (draws,).
    smallest_effect : float
        δ, in the unit of the draws.
    """
    lower_95, lower_50, upper_50, upper_95 = np.quantile(draws, [0.025, 0.25, 0.75, 0.975])
    above, below = float((draws > smallest_effect).mean()), float((draws < -smallest_effect).mean())
    return Summary(
        estimate=float(draws.mean()),
        sd=float(draws.std(ddof=1)),
        lower_95=float(lower_95),
        upper_95=float(upper_95),
        lower_50=float(lower_50),
        upper_50=float(upper_50),
        probability_above=above,
        # Not below zero by rounding.
        probability_within=max(0.0, 1.0 - above - below),
        probability_below=below,
    )


def classify_control(summary: Summary) -> Control:
    """Classify a negative control: something is found where the 95 % interval excludes zero.

    In sound trials that happens in at most 6 % (docs/method.md, "Error rates").
    """
    if summary.lower_95 > 0 or summary.upper_95 < 0:
        return "something found"
    return "nothing found"


def classify(above: FloatArray, below: FloatArray, threshold: float = DECISION_THRESHOLD) -> IntArray:
    """Classify many trials by P(θ > δ) and P(θ < -δ): ABOVE, BELOW, WITHIN or UNDECIDED, in the shape of the input.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.decisions import classify
    >>> classify(above=np.array([0.9, 0.1, 0.0, 0.4]), below=np.array([0.0, 0.0, 0.85, 0.1]))
    array([ 1,  0, -1,  2])
    """
    within = 1 - above - below
    decision = np.where(within >= threshold, WITHIN, UNDECIDED)
    decision = np.where(below >= threshold, BELOW, decision)
    return np.where(above >= threshold, ABOVE, decision)


def decide(
    above: float,
    within: float,
    below: float,
    good: Direction | None,
    *,
    threshold: float = DECISION_THRESHOLD,
) -> Decision:
    """Decide by P(θ > δ), P(|θ| ≤ δ) and P(θ < -δ).

    Parameters
    ----------
    good : {"higher", "lower"} or None
        The better direction. Where none is stated (of weight, for example), the decision names the direction of the
        difference and does not judge it.
    threshold : float
        `DECISION_THRESHOLD` once the trial has ended, `INTERIM_THRESHOLD` at a planned interim analysis.

    Examples
    --------
    >>> from santorio.stats.decisions import decide
    >>> decide(above=0.86, within=0.13, below=0.01, good="lower")
    'avoid'
    >>> decide(above=0.86, within=0.13, below=0.01, good="lower", threshold=0.95)
    'keep going'
    """
    decisions: dict[Direction | None, tuple[Decision, Decision]] = {
        "higher": ("adopt", "avoid"),
        "lower": ("avoid", "adopt"),
        None: ("raises", "lowers"),
    }
    if_above, if_below = decisions[good]
    if above >= threshold:
        return if_above
    if below >= threshold:
        return if_below
    if within >= threshold:
        return "no difference that matters"
    return "keep going"
