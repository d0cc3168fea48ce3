"""Preprocessing of an outcome for the models: standardised days, design, randomization scheme."""

from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.errors import NotEnoughData
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD
from santorio.metrics import outcome as find_outcome
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.exact_inference import fit_exact
from santorio.stats.likelihood_choice import likelihood_problem
from santorio.stats.outcome_types import CodedOutcome, code_outcome
from santorio.stats.randomization import Randomization, infer_randomization
from santorio.trials.analysis.data import Trial

MIN_DAYS_PER_ARM = 5


@dataclass(frozen=True)
class Prepared:
    """One outcome of a trial, ready to be fitted.

    Attributes
    ----------
    outcome : FloatArray
        Outcome of every study day in its own unit, NaN where missing or washed out; shape (study days,).
    observed : NDArray[np.bool_]
        Study days that enter the model, shape (study days,).
    standard : FloatArray
        Standardised outcome of the observed days, shape (observed days,): the reference arm has mean 0 and SD 1.
    design : TrialDesign
        Arms, cycles and observed days of the study.
    randomization : Randomization
        Scheme of the complete schedule, including days after an interim analysis.
    center, spread : float
        Mean and standard deviation of the reference arm's days, in the outcome's unit.
    smallest_effect : float
        δ in the outcome's unit.
    coded : CodedOutcome or None
        The observed days, coded for the likelihood that the protocol promised; None for the normal one.
    deviation : str
        Why these days cannot have the promised likelihood; empty where they can.
    """

    metric: str
    unit: str
    outcome: FloatArray
    observed: "np.typing.NDArray[np.bool_]"
    standard: FloatArray
    design: TrialDesign
    randomization: Randomization
    center: float
    spread: float
    smallest_effect: float
    coded: CodedOutcome | None = None
    deviation: str = ""

    @property
    def effect_unit(self) -> float:
        """An effect of 1 in the model, in the outcome's unit."""
        if self.coded is not None:
            # Models with another than the normal likelihood give effects in the outcome's unit already.
            return 1.0
        return self.spread


def prepare(trial: Trial, metric: str, outcome: FloatArray, unit: str = "") -> Prepared:
    """Prepare one outcome.

    Parameters
    ----------
    outcome : FloatArray
        Outcome of every study day, from `study_outcome`.

    Raises
    ------
    NotEnoughData
        If an arm has fewer than five days with an outcome, or the outcome never varies.
    """
    days = len(trial.arm)
    randomization = infer_randomization(
        trial.schedule, trial.period_days, trial.preregistration.randomization
    )
    outcome = np.where(washed_out(randomization, trial.washout_days)[:days], np.nan, outcome)
    observed = np.isfinite(outcome)
    days_per_arm = np.bincount(trial.arm[observed], minlength=len(trial.arms))
    fewest = int(days_per_arm.min()) if len(days_per_arm) else 0
    if len(trial.arms) < 2 or fewest < MIN_DAYS_PER_ARM:
        raise NotEnoughData(
            f"The trial “{trial.name}” needs {MIN_DAYS_PER_ARM} days with an outcome in each of two arms.",
            hint="It is analysed as soon as it has them.",
            details={"days": fewest},
        )
    reference = outcome[observed & (trial.arm == 0)]
    center, spread = float(reference.mean()), float(reference.std(ddof=1))
    coded, deviation = _code(trial, metric, outcome[observed])
    if spread == 0 and coded is not None:
        # A symptom that never occurred in the reference arm is an answer, although its SD there is 0.
        spread = float(outcome[observed].std(ddof=1))
    if spread == 0:
        raise NotEnoughData(f"The outcome of the trial “{trial.name}” never varies.")
    registered = find_outcome(metric, unit)
    # The protocol's δ is about the primary outcome alone.
    smallest = registered.smallest_effect or DEFAULT_SMALLEST_EFFECT_SD * spread
    if metric == trial.outcome and trial.smallest_effect:
        smallest = trial.smallest_effect
    return Prepared(
        metric=metric,
        unit=registered.unit,
        outcome=outcome,
        observed=observed,
        standard=(outcome[observed] - center) / spread,
        design=TrialDesign(trial.first_day, trial.arm, randomization.cycle[:days], observed, len(trial.arms)),
        randomization=randomization,
        center=center,
        spread=spread,
        smallest_effect=smallest,
        coded=coded,
        deviation=deviation,
    )


def _code(trial: Trial, metric: str, values: FloatArray) -> tuple[CodedOutcome | None, str]:
    """Code the observed days for the likelihood that the protocol promised, or state why they cannot have it."""
    is_primary = metric == trial.outcome
    promised = trial.preregistration.model.likelihood_of(metric, primary=is_primary)
    if promised.family is None or len(np.unique(values)) < 2:
        return None, ""
    if problem := likelihood_problem(promised.family, promised.bounds, values):
        return None, problem
    low, high = promised.bounds or (0.0, 1.0)
    if promised.family != "bounded":
        # They are integers except for the last digits, see `santorio.stats.likelihood_choice.is_whole`.
        values = np.round(values)
    return code_outcome(promised.family, values, low=low, high=high), ""


def washed_out(randomization: Randomization, washout_days: int) -> "np.typing.NDArray[np.bool_]":
    """First days of every period, on which the previous arm still acts; none where the periods are unknown."""
    if randomization.kind != "periods":
        return np.zeros(len(randomization.cycle), dtype=bool)
    day_of_period = np.arange(len(randomization.cycle)) % randomization.period_days
    # At least one day of every period is analysed.
    return day_of_period < min(washout_days, randomization.period_days - 1)


def adjusted(prepared: Prepared) -> FloatArray:
    """Outcome of every study day without its trend and weekday, which are estimated without the arms.

    An adjustment that does not use the arms keeps the randomisation test exact, and makes it more powerful.
    """
    fitted = fit_exact(prepared.design.background(), prepared.standard).fitted()
    adjusted_outcome = np.full(len(prepared.observed), np.nan)
    adjusted_outcome[prepared.observed] = prepared.standard - fitted
    return adjusted_outcome
