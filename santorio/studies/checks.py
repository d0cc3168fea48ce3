"""Warnings that a reader of an answer needs: too little data, arms too unlike, effects that may be drift."""

from collections.abc import Sequence

import numpy as np

from santorio.rendering.text import plural
from santorio.stats.decisions import INTERIM_THRESHOLD
from santorio.stats.latent_posterior import LatentPosterior
from santorio.stats.likelihood_choice import LikelihoodChoice
from santorio.studies.dataset import Dataset, WarningCollector
from santorio.studies.gaussian_fit import Fit
from santorio.studies.preprocessing import PreparedCase, washed_out
from santorio.studies.spec import Kind, OutcomeColumn, Study

FEW_ROWS = 20
FEW_PHASES = 5
# Shares of rows.
MANY_MISSING = 0.4
MISSING_DIFFERS = 0.2
AT_BOUND = 0.2
# Ratio of the largest to the smallest spread of an arm.
UNEQUAL_SPREAD = 3.0
# Standard deviations from the median of the arm.
FAR_OUT = 5.0
# Rows with the rarer value of a binary outcome.
FEW_EVENTS = 8
# Below this mean most counts are 0 or 1.
SMALL_COUNT = 2
STRONG_CORRELATION = 0.6


def check_case(
    prepared: PreparedCase,
    fit: Fit | LatentPosterior,
    outcome: OutcomeColumn,
    names: Sequence[str],
    word: str,
    warn: WarningCollector,
) -> None:
    """Warn of one outcome of one case."""
    observed, arm = prepared.case.design.observed, prepared.series.arm
    rows = int(observed.sum())
    if rows < FEW_ROWS:
        warn(
            "few_rows",
            f"“{outcome.name}” has only {plural(rows, word)}; the answer depends much on the prior.",
        )
    missing = 1 - float(observed.mean())
    if missing > MANY_MISSING:
        warn(
            "many_missing",
            f"“{outcome.name}” is missing on {100 * missing:.0f} % of {len(observed)} {word}s.",
        )
    missing_by_arm = [1 - float(observed[arm == number].mean()) for number in np.unique(arm)]
    if max(missing_by_arm) - min(missing_by_arm) > MISSING_DIFFERS:
        warn(
            "missing_differs",
            f"“{outcome.name}” is missing much more often with one arm than another; if values "
            f"are missing because of how the {word} went, the answer is biased.",
        )
    _check_spread(prepared, outcome, names, word, warn, sampled=isinstance(fit, LatentPosterior))
    if fit.rho[0] > STRONG_CORRELATION:
        warn(
            "strong_correlation",
            f"“{outcome.name}” changes slowly (correlation {fit.rho[0]:.1f} from one {word} to "
            "the next): the effect of long periods can hardly be separated from drift.",
        )


def _check_spread(
    prepared: PreparedCase,
    outcome: OutcomeColumn,
    names: Sequence[str],
    word: str,
    warn: WarningCollector,
    *,
    sampled: bool,
) -> None:
    """Warn of arms of unequal spread, and of values far from their arm's median."""
    scaled = prepared.scale.forward(prepared.observed)
    numbers = np.unique(prepared.observed_arm)
    parts = [scaled[prepared.observed_arm == number] for number in numbers]
    spreads = [_spread(part) for part in parts]
    if min(spreads) == 0:
        constant = names[int(numbers[int(np.argmin(spreads))])]
        consequence = "the model, which expects all arms to vary alike, is a rough guide there."
        if sampled:
            consequence = (
                "the size of the effect depends on the prior, which keeps it finite, as much as on the data."
            )
        warn("constant_arm", f"“{outcome.name}” never varies with “{constant}”: {consequence}")
    # A likelihood of its own lets the spread follow the level, and has no far-off values.
    if sampled:
        return
    if 0 < UNEQUAL_SPREAD * min(spreads) < max(spreads):
        warn(
            "unequal_spread",
            f"“{outcome.name}” varies {max(spreads) / min(spreads):.1f} times as much with one arm "
            "as with another; the model expects the same.",
        )
    # The median absolute deviation of a normal distribution is 0.6745 of its standard deviation.
    distance = np.abs(np.concatenate([part - np.median(part) for part in parts]))
    robust_sd = float(np.median(distance)) / 0.6745
    far = 0
    if robust_sd > 0:
        far = int((distance > FAR_OUT * robust_sd).sum())
    if far and outcome.kind in {"continuous", "rating"}:
        warn(
            "outliers",
            f"{plural(far, word)} of “{outcome.name}” lie more than {FAR_OUT:g} standard deviations from "
            "their arm's median; check whether these are errors.",
        )


# How the model of normal errors treats an outcome that is not continuous.
APPROXIMATIONS: dict[Kind, str] = {
    "binary": "as a probability with normal errors",
    "ordinal": "as if its levels were equally far apart, with normal errors",
    "count": "on a scale on which its errors are nearly normal",
    "rating": "as if it had no bounds, with normal errors",
}


def check_outcome(
    outcome: OutcomeColumn, values: Sequence[np.ndarray], choice: LikelihoodChoice, warn: WarningCollector
) -> None:
    """Warn of an outcome over all cases, by its kind."""
    every = np.concatenate(values)
    if choice.reason:
        warn(
            "approximation",
            f"“{outcome.name}” is analysed {APPROXIMATIONS[outcome.kind]}, an approximation: "
            f"{choice.reason}.",
        )
    if outcome.kind == "binary":
        rare = min(float(every.sum()), float((1 - every).sum()))
        if rare < FEW_EVENTS:
            warn(
                "rare_events",
                f"“{outcome.name}” has only {rare:.0f} of its rarer value: the interval is a rough guide.",
            )
    if outcome.kind == "count" and choice.family is None and every.mean() < SMALL_COUNT:
        warn("rare_events", f"“{outcome.name}” is mostly 0 or 1: the interval is a rough guide.")
    if outcome.bounds is not None and choice.family is None:
        lowest, highest = outcome.bounds
        share = max(float((every <= lowest).mean()), float((every >= highest).mean()))
        if share > AT_BOUND:
            warn(
                "at_bounds",
                f"“{outcome.name}” is at an end of its scale in {100 * share:.0f} % of rows: the scale "
                "cannot show values beyond it.",
            )


def check_study(study: Study, dataset: Dataset, warn: WarningCollector) -> None:
    """Warn of the design."""
    word = dataset.word
    if study.design.scheme == "unknown":
        warn(
            "law_unknown",
            "How rows were assigned to arms is not stated (design: scheme), so there is no randomisation "
            "test, and a difference is called an association.",
        )
    elif not study.design.is_randomised:
        warn(
            "not_randomised",
            "The arms were not assigned at random: no randomisation test is possible, and anything else "
            "that changed with the arm may explain a difference.",
        )
    phases = max(case.phases for case in dataset.cases)
    # Two phases: before and after.
    if phases < 3:
        warn(
            "one_change",
            "The arm changes only once: anything else that changed then looks the same as its effect.",
        )
    elif phases <= FEW_PHASES:
        text = f"The arm changes only {phases - 1} times: an effect can hardly be separated from drift"
        if not study.design.is_randomised:
            text += f", so that a decision needs a probability of {100 * INTERIM_THRESHOLD:.0f} %"
        warn("few_phases", f"{text}. More changes help more than longer phases.")
    washed = sum(int(washed_out(case, study.washout).sum()) for case in dataset.cases)
    if washed:
        warn("washed_out", f"{plural(washed, word)} after a change of arm excluded as washout.")
    if study.half_life and not carries_over(study):
        warn("no_carry_over", "The half-life is so short that nothing is carried over to the next row.")


def _spread(values: np.ndarray) -> float:
    """Standard deviation; 0 for a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def carries_over(study: Study) -> bool:
    """Whether any exposure is left on the next row, by the stated half-life."""
    from santorio.stats.effect_priors import carry_over_from

    return study.half_life is not None and carry_over_from(study.half_life) is not None
