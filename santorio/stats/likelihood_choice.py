"""Which likelihood an outcome has: one of its own, or the Gaussian. Trials and studies both choose it here.

The choice rests on what kind of measure it is and on its values, never on the arms: what knows the arms would choose
the answer with the question. A trial chooses before its first day, from the days before it, and freezes the choice in
its protocol; a study chooses from its rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.metrics import Bounds, Scale
from santorio.stats.outcome_types import MAX_LEVELS, Family

# Beyond, averages are as good as Gaussian, and sampling a latent path takes minutes.
MAX_ROWS_SAMPLED = 400
# A rating of so many steps has levels; one of more is an amount within bounds.
MAX_STEPS_OF_LEVELS = 6
# A bound bends a rating whose mean is nearer to it than so many standard deviations.
BOUND_REACH_SDS = 3.0


@dataclass(frozen=True)
class LikelihoodChoice:
    """The likelihood of an outcome.

    Attributes
    ----------
    family : Family or None
        None for the Gaussian.
    reason : str
        Why an outcome that asks for a likelihood of its own has none; empty where it asks for none.
    """

    family: Family | None
    reason: str = ""


GAUSSIAN = LikelihoodChoice(None)


def choose_likelihood(
    scale: Scale, bounds: Bounds | None, cases: Sequence[FloatArray], rows: int | None = None
) -> LikelihoodChoice:
    """Choose the likelihood of an outcome.

    Parameters
    ----------
    scale : Scale
        What kind of measure it is.
    bounds : tuple of float, optional
        Lowest and highest possible value. A bounded outcome without bounds counts as continuous.
    cases : Sequence[FloatArray]
        Known values of each case, each of shape (rows,).
    rows : int, optional
        Rows of the largest case that will be fitted, where that is not the largest of these.
    """
    values = np.concatenate(cases)
    if not len(values):
        return GAUSSIAN
    family = _family_of(scale, bounds, values)
    if family is None:
        return GAUSSIAN
    problems = [likelihood_problem(family, bounds, case) for case in cases]
    problem = next((problem for problem in problems if problem), "")
    if problem:
        return LikelihoodChoice(None, problem)
    if (rows or max(len(case) for case in cases)) > MAX_ROWS_SAMPLED:
        return LikelihoodChoice(
            None, f"it has more than {MAX_ROWS_SAMPLED} rows, of which averages are nearly normal"
        )
    return LikelihoodChoice(family)


def likelihood_problem(family: Family, bounds: Bounds | None, values: FloatArray) -> str:
    """Why these values cannot have come from a likelihood; empty where they can."""
    # Several readings of a day are averaged: a mean of two counts need not be a count.
    if family == "binary":
        return "" if np.isin(values, (0, 1)).all() else "its rows are shares of several readings"
    if family in {"ordinal", "count"} and not is_whole(values):
        return "its rows are summaries of several readings, and not whole numbers"
    if family == "count":
        return "it has values below 0" if (values < 0).any() else ""
    if family == "ordinal" and len(np.unique(values)) > MAX_LEVELS:
        return f"it has more than {MAX_LEVELS} levels"
    low, high = bounds or (-np.inf, np.inf)
    is_outside = (values < low) | (values > high)
    return f"it has values outside its range of {low:g} to {high:g}" if is_outside.any() else ""


def _family_of(scale: Scale, bounds: Bounds | None, values: FloatArray) -> Family | None:
    if scale != "bounded":
        return None if scale == "continuous" else scale
    if bounds is None:
        return None
    low, high = bounds
    if is_whole(values) and high - low <= MAX_STEPS_OF_LEVELS:
        return "ordinal"
    room = min(values.mean() - low, high - values.mean())
    return "bounded" if room < BOUND_REACH_SDS * values.std() else None


def is_whole(values: FloatArray) -> bool:
    """Whether all values are whole numbers, but for the last digits."""
    # A geometric mean of one reading is that reading, but for the last digits.
    return bool(np.allclose(values, np.round(values), rtol=1e-9, atol=1e-6))
