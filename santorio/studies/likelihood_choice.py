"""Which likelihood an outcome has: one of its own, or the Gaussian of the exact engine; and how that is said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.outcome_types import MOST_LEVELS, Family
from santorio.studies.preprocessing import Prepared
from santorio.studies.spec import OutcomeColumn

# Beyond, averages are as good as Gaussian, and sampling a latent path takes minutes.
MOST_ROWS_SAMPLED = 400
# Ratings of so many steps are levels; of more they are amounts.
MOST_STEPS = 6
# A rating whose mean is nearer to an end than so many standard deviations is bent by it.
FELT_BOUND = 3.0

SAID: dict[Family, str] = {
    "binary": "Analysed as yes or no, on the scale of log-odds; effects are told as differences of the probability, "
    "averaged over the rows.",
    "ordinal": "Analysed as ordered levels (cumulative logit), so that only their order counts; effects are told as "
    "differences of the expected level, averaged over the rows.",
    "count": "Analysed as counts (negative binomial), on the scale of logarithms; effects are told as differences of "
    "the expected count, averaged over the rows, and as ratios.",
    "bounded": "Analysed within its bounds (ordered Beta), on the scale of log-odds; effects are told as differences "
    "of the expected rating, averaged over the rows.",
}
LINKS: dict[Family, str] = {
    "binary": "log-odds", "ordinal": "log-odds", "count": "log", "bounded": "log-odds",
}  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """The likelihood of an outcome.

    Attributes
    ----------
    family : Family or None
        None for the Gaussian.
    why : str
        Why an outcome that asks for a likelihood of its own has none; empty where it asks for none.
    """

    family: Family | None
    why: str = ""


def choose(outcome: OutcomeColumn, prepared: Sequence[Prepared]) -> Chosen:
    """Choose the likelihood of an outcome from its kind and its rows, without a look at the arms."""
    each = [one.known for one in prepared]
    family = _family(outcome, np.concatenate(each))
    if family is None:
        return Chosen(None)
    every = np.concatenate(each)
    if family == "binary" and not np.isin(every, (0, 1)).all():
        return Chosen(None, "its rows are shares of several readings")
    if family in {"ordinal", "count"} and not _whole(every):
        return Chosen(None, "its rows are summaries of several readings, and no whole numbers")
    if family == "ordinal" and max(len(np.unique(one)) for one in each) > MOST_LEVELS:
        return Chosen(None, f"it has more than {MOST_LEVELS} levels")
    if max(len(one) for one in each) > MOST_ROWS_SAMPLED:
        return Chosen(None, f"it has more than {MOST_ROWS_SAMPLED} rows, of which averages are nearly normal")
    return Chosen(family)


def _family(outcome: OutcomeColumn, values: FloatArray) -> Family | None:
    if outcome.kind == "binary":
        return "binary"
    # Whoever states a scale wants the analysis on it.
    if outcome.scale != "auto" or outcome.kind == "continuous":
        return None
    if outcome.kind != "rating":
        return outcome.kind
    assert outcome.bounds is not None  # noqa: S101 - the study file is refused without
    low, high = outcome.bounds
    if _whole(values) and high - low <= MOST_STEPS:
        return "ordinal"
    room = min(values.mean() - low, high - values.mean())
    return "bounded" if room < FELT_BOUND * values.std() else None


def _whole(values: FloatArray) -> bool:
    # A geometric mean of one reading is that reading, but for the last digits.
    return bool(np.allclose(values, np.round(values), rtol=1e-9, atol=1e-6))
