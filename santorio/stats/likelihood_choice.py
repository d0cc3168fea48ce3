"""The likelihood of an outcome: one of its own, or the Gaussian. Trials and studies both choose it here.

The choice depends on the kind of measure and on its values, never on the arms: a choice that depends on the arms could
be made for its answer. A trial chooses before its first day, from the days before it, and freezes the choice in its
protocol; a study chooses from its rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.metrics import Bounds, Scale
from santorio.stats.outcome_types import MAX_LEVELS, Family

# With more rows averages are nearly Gaussian, and sampling a latent path takes minutes.
MAX_ROWS_SAMPLED = 400
# A rating with at most this number of steps is ordinal; with more it is an amount within bounds.
MAX_STEPS_OF_LEVELS = 6
# A bound affects a rating whose mean is nearer to it than this number of standard deviations.
BOUND_REACH_SDS = 3.0


@dataclass(frozen=True)
class LikelihoodChoice:
    """The likelihood of an outcome.

    Attributes
    ----------
    family : Family or None
        None for the Gaussian.
    reason : str
        Why an outcome of another kind has the Gaussian likelihood all the same; else empty.
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
        The kind of measure.
    bounds : tuple of float, optional
        Lowest and highest possible value. A bounded outcome without bounds counts as continuous.
    cases : Sequence[FloatArray]
        Known values of each case, each of shape (rows,).
    rows : int, optional
        Rows of the largest case that will be fitted, where that is not the largest of these.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.likelihood_choice import choose_likelihood
    >>> choose_likelihood("count", None, [np.array([0.0, 2.0, 1.0, 4.0])]).family
    'count'
    >>> choose_likelihood("count", None, [np.array([0.5, 2.0])])
    LikelihoodChoice(family=None, reason='its rows are summaries of several readings, and not whole numbers')
    """
    values = np.concatenate(cases)
    if not len(values):
        return GAUSSIAN
    family = _family_of(scale, bounds, values)
    if family is None:
        return GAUSSIAN
    for case in cases:
        if problem := likelihood_problem(family, bounds, case):
            return LikelihoodChoice(None, problem)
    rows = rows or max(len(case) for case in cases)
    if rows > MAX_ROWS_SAMPLED:
        reason = f"it has more than {MAX_ROWS_SAMPLED} rows, of which averages are nearly normal"
        return LikelihoodChoice(None, reason)
    return LikelihoodChoice(family)


def likelihood_problem(family: Family, bounds: Bounds | None, values: FloatArray) -> str:
    """Why these values cannot have come from a likelihood; empty where they can.

    Parameters
    ----------
    bounds : tuple of float, optional
        Lowest and highest possible value.
    values : FloatArray
        Known values, shape (rows,).
    """
    # Several readings of a day are averaged: a mean of two counts need not be a count.
    if family == "binary" and not np.isin(values, (0, 1)).all():
        return "its rows are shares of several readings"
    if family in {"ordinal", "count"} and not is_whole(values):
        return "its rows are summaries of several readings, and not whole numbers"
    if family == "count" and (values < 0).any():
        return "it has values below 0"
    if family == "ordinal" and len(np.unique(values)) > MAX_LEVELS:
        return f"it has more than {MAX_LEVELS} levels"
    if family in {"ordinal", "bounded"} and bounds is not None:
        low, high = bounds
        if (values < low).any() or (values > high).any():
            return f"it has values outside its range of {low:g} to {high:g}"
    return ""


def _family_of(scale: Scale, bounds: Bounds | None, values: FloatArray) -> Family | None:
    """The likelihood that suits a kind of measure, whether or not these values fit it."""
    if scale == "continuous":
        return None
    if scale != "bounded":
        return scale
    if bounds is None:
        return None
    low, high = bounds
    if is_whole(values) and high - low <= MAX_STEPS_OF_LEVELS:
        return "ordinal"
    distance = min(values.mean() - low, high - values.mean())
    if distance < BOUND_REACH_SDS * values.std():
        return "bounded"
    return None


def is_whole(values: FloatArray) -> bool:
    """Whether all values are whole numbers, up to rounding."""
    # A geometric mean of one reading is that reading, but for the last digits.
    return bool(np.allclose(values, np.round(values), rtol=1e-9, atol=1e-6))
