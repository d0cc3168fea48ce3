"""What a reader of an answer must be warned of: too little, too unlike, too unsure to be told from drift."""

from collections.abc import Sequence

import numpy as np

from santorio.rendering.text import plural
from santorio.stats.decisions import INTERIM_THRESHOLD
from santorio.stats.latent_posterior import LatentPosterior
from santorio.stats.likelihood_choice import LikelihoodChoice
from santorio.studies.dataset import Dataset, Notices
from santorio.studies.gaussian_fit import Fit
from santorio.studies.preprocessing import Prepared, washed_out
from santorio.studies.spec import Kind, OutcomeColumn, Study

FEW_ROWS = 20
FEW_PHASES = 5
MANY_MISSING = 0.4
MISSING_DIFFERS = 0.2
UNEQUAL_SPREAD = 3.0
FAR_OUT = 5.0
AT_BOUND = 0.2
FEW_EVENTS = 8
STRONG_CORRELATION = 0.6


def check_case(
    prepared: Prepared,
    fit: Fit | LatentPosterior,
    outcome: OutcomeColumn,
    names: Sequence[str],
    word: str,
    add: Notices,
) -> None:
    """Warn of one outcome of one case."""
    observed, arm = prepared.case.design.observed, prepared.series.arm
    rows = int(observed.sum())
    if rows < FEW_ROWS:
        add(
            "few_rows",
            f"“{outcome.name}” has only {plural(rows, word)}; the answer leans on what was assumed before.",
        )
    missing = [1 - float(observed[arm == number].mean()) for number in np.unique(arm)]
    if 1 - observed.mean() > MANY_MISSING:
        add(
            "many_missing",
            f"“{outcome.name}” is missing on {100 * (1 - observed.mean()):.0f} % of {len(observed)} {word}s.",
        )
    if max(missing) - min(missing) > MISSING_DIFFERS:
        add(
            "missing_differs",
            f"“{outcome.name}” is missing much more often with one arm than another; if "
            f"{word}s are missing because of how they went, the answer is off.",
        )
    _check_spread(prepared, outcome, names, word, add, sampled=isinstance(fit, LatentPosterior))
    if fit.rho[0] > STRONG_CORRELATION:
        add(
            "strong_correlation",
            f"“{outcome.name}” changes slowly (correlation {fit.rho[0]:.1f} from one {word} to "
            "the next): long periods can hardly be told from drift.",
        )


def _check_spread(
    prepared: Prepared,
    outcome: OutcomeColumn,
    names: Sequence[str],
    word: str,
    add: Notices,
    *,
    sampled: bool,
) -> None:
    scaled = prepared.scale.forward(prepared.observed)
    parts = [scaled[prepared.observed_arm == number] for number in np.unique(prepared.observed_arm)]
    spreads = [float(part.std(ddof=1)) if len(part) > 1 else 0.0 for part in parts]
    if min(spreads) == 0:
        still = names[int(np.unique(prepared.observed_arm)[int(np.argmin(spreads))])]
        if sampled:
            add(
                "constant_arm",
                f"“{outcome.name}” never varies with “{still}”: how far the arms are apart is told by "
                "what was assumed beforehand, which keeps it finite, as much as by the data.",
            )
        else:
            add(
                "constant_arm",
                f"“{outcome.name}” never varies with “{still}”: the model, which expects all arms to "
                "vary alike, is a rough guide there.",
            )
    if sampled:
        # These likelihoods let the spread follow the level, and have no far-off values.
        return
    if 0 < UNEQUAL_SPREAD * min(spreads) < max(spreads):
        add(
            "unequal_spread",
            f"“{outcome.name}” varies {max(spreads) / min(spreads):.1f} times as much with one arm "
            "as with another; the model expects the same.",
        )
    # The median absolute deviation of a normal distribution is 0.6745 of its standard deviation.
    away = np.concatenate([part - np.median(part) for part in parts])
    robust = float(np.median(np.abs(away))) / 0.6745
    far = int((np.abs(away) > FAR_OUT * robust).sum()) if robust > 0 else 0
    if far and outcome.kind in {"continuous", "rating"}:
        add(
            "outliers",
            f"{plural(far, word)} of “{outcome.name}” lie more than {FAR_OUT:g} standard deviations from "
            "their arm's median; see whether these are errors.",
        )


# How an outcome without a likelihood of its own is analysed all the same.
APPROXIMATIONS: dict[Kind, str] = {
    "binary": "as a probability with normal errors",
    "ordinal": "as if its levels were equally far apart, with normal errors",
    "count": "on a scale on which its errors are nearly normal",
    "rating": "as if it had no bounds, with normal errors",
}


def check_outcome(
    outcome: OutcomeColumn, values: Sequence[np.ndarray], chosen: LikelihoodChoice, add: Notices
) -> None:
    """Warn of an outcome over all cases, by its kind."""
    every = np.concatenate(values)
    if chosen.reason:
        add(
            "approximation",
            f"“{outcome.name}” is analysed {APPROXIMATIONS[outcome.kind]}, an approximation: "
            f"{chosen.reason}.",
        )
    if outcome.kind == "binary":
        rare = min(float(every.sum()), float((1 - every).sum()))
        if rare < FEW_EVENTS:
            add(
                "rare_events",
                f"“{outcome.name}” has only {rare:.0f} of its rarer value: the interval is a rough guide.",
            )
    if outcome.kind == "count" and chosen.family is None and every.mean() < 2:
        add("rare_events", f"“{outcome.name}” is mostly 0 or 1: the interval is a rough guide.")
    if outcome.bounds is not None and chosen.family is None:
        lowest, highest = outcome.bounds
        share = max(float((every <= lowest).mean()), float((every >= highest).mean()))
        if share > AT_BOUND:
            add(
                "at_bounds",
                f"“{outcome.name}” is at an end of its scale in {100 * share:.0f} % of rows: what "
                "lies beyond cannot be seen.",
            )


def check_study(study: Study, dataset: Dataset, add: Notices) -> None:
    """Warn of the design."""
    word = dataset.word
    if study.design.scheme == "unknown":
        add(
            "law_unknown",
            "How rows came to their arms is not stated (design: scheme), so there is no randomisation "
            "test, and a difference is called an association.",
        )
    elif not study.design.is_randomised:
        add(
            "not_randomised",
            "Chance did not decide which rows had which arm: no randomisation test is possible, and "
            "what else changed with the arm may explain a difference.",
        )
    phases = max(case.phases for case in dataset.cases)
    if phases < 3:
        add(
            "one_change",
            "The arm changes only once: whatever else changed then looks the same as its effect.",
        )
    elif phases <= FEW_PHASES:
        few = f"The arm changes only {phases - 1} times: little can be told from drift"
        if not study.design.is_randomised:
            few += f", so that a decision takes a probability of {100 * INTERIM_THRESHOLD:.0f} %"
        add("few_phases", f"{few}. More changes help more than longer phases.")
    washed = sum(int(washed_out(case, study.washout).sum()) for case in dataset.cases)
    if washed:
        add("washed_out", f"{plural(washed, word)} after a change of arm excluded as washout.")
    if study.half_life and not carries_over(study):
        add("no_carry_over", "The half-life is so short that nothing is carried over to the next row.")


def carries_over(study: Study) -> bool:
    """Whether the stated half-life leaves something to the next row."""
    from santorio.stats.effect_priors import carry_over_from

    return study.half_life is not None and carry_over_from(study.half_life) is not None
