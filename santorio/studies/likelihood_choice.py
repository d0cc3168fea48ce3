"""What a study says of the likelihood of an outcome; `santorio.stats.likelihood_choice` chooses it."""

from collections.abc import Sequence

from santorio.metrics import Scale
from santorio.stats.likelihood_choice import LikelihoodChoice, choose_likelihood
from santorio.stats.outcome_types import Family
from santorio.studies.preprocessing import Prepared
from santorio.studies.spec import OutcomeColumn

DESCRIPTIONS: dict[Family, str] = {
    "binary": "Analysed as yes or no, on the scale of log-odds; effects are told as differences of the probability, "
    "averaged over the rows.",
    "ordinal": "Analysed as ordered levels (cumulative logit), so that only their order counts; effects are told as "
    "differences of the expected level, averaged over the rows.",
    "count": "Analysed as counts (negative binomial), on the scale of logarithms; effects are told as differences of "
    "the expected count, averaged over the rows, and as ratios.",
    "bounded": "Analysed within its bounds (ordered Beta), on the scale of log-odds; effects are told as differences "
    "of the expected rating, averaged over the rows.",
}


def choose_for_column(outcome: OutcomeColumn, prepared: Sequence[Prepared]) -> LikelihoodChoice:
    """Choose the likelihood of a column from its kind and its rows, without a look at the arms."""
    return choose_likelihood(scale_of(outcome), outcome.bounds, [case.observed for case in prepared])


def scale_of(outcome: OutcomeColumn) -> Scale:
    """What kind of measure a column is."""
    if outcome.kind == "binary":
        return "binary"
    # Whoever states a scale wants the analysis on it.
    if outcome.scale != "auto":
        return "continuous"
    return "bounded" if outcome.kind == "rating" else outcome.kind
