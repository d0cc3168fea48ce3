"""The likelihood of an outcome of a study, and its description; `santorio.stats.likelihood_choice` chooses it."""

from collections.abc import Sequence

from santorio.metrics import Scale
from santorio.stats.likelihood_choice import LikelihoodChoice, choose_likelihood
from santorio.stats.outcome_types import Family
from santorio.studies.preprocessing import PreparedCase
from santorio.studies.spec import OutcomeColumn

DESCRIPTIONS: dict[Family, str] = {
    "binary": "Analysed as yes or no, on the scale of log-odds; effects are reported as differences of the "
    "probability, averaged over the rows.",
    "ordinal": "Analysed as ordered levels (cumulative logit), so that only their order counts; effects are reported "
    "as differences of the expected level, averaged over the rows.",
    "count": "Analysed as counts (negative binomial), on the scale of logarithms; effects are reported as differences "
    "of the expected count, averaged over the rows, and as ratios.",
    "bounded": "Analysed within its bounds (ordered Beta), on the scale of log-odds; effects are reported as "
    "differences of the expected rating, averaged over the rows.",
}


def choose_for_column(outcome: OutcomeColumn, prepared: Sequence[PreparedCase]) -> LikelihoodChoice:
    """Choose the likelihood of a column from its kind and its rows, without a look at the arms."""
    return choose_likelihood(scale_of(outcome), outcome.bounds, [case.observed for case in prepared])


def scale_of(outcome: OutcomeColumn) -> Scale:
    """Kind of measure of a column."""
    if outcome.kind == "binary":
        return "binary"
    # A stated scale, such as log, is that of the analysis.
    if outcome.scale != "auto":
        return "continuous"
    if outcome.kind == "rating":
        return "bounded"
    return outcome.kind
