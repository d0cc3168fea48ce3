"""The analysis of a study: every outcome, every arm against the reference, every case alone and all together."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from santorio.arrays import FloatArray
from santorio.errors import NotEnoughData
from santorio.stats.effect_priors import CarryOver, carry_over_from
from santorio.stats.latent_posterior import LatentPosterior
from santorio.stats.likelihood_choice import LikelihoodChoice
from santorio.stats.outcome_types import LINK_NAMES
from santorio.studies.checks import check_case, check_outcome, check_study
from santorio.studies.contrasts import FittedOutcome, arm_rows, compare
from santorio.studies.dataset import Dataset, digest, load_dataset
from santorio.studies.gaussian_fit import Fit, fit_case
from santorio.studies.likelihood_choice import DESCRIPTIONS, choose_for_column
from santorio.studies.preprocessing import PreparedCase, common_scale, doses_of, prepare, smallest_effect
from santorio.studies.result import (
    Claim,
    DataAnswer,
    DesignAnswer,
    OutcomeAnswer,
    StudyAnswer,
    WarningAnswer,
)
from santorio.studies.sampled_fit import RejectedFit, fit_sampled
from santorio.studies.spec import OutcomeColumn, Study, read_study
from santorio.studies.text import describe_design

LIBRARIES = ("santorio", "numpy", "scipy")
SAMPLERS = ("pymc", "nutpie")
METHOD = (
    "Rows are modelled with a level, a smooth trend, days of the week where rows are days of at least three weeks, "
    "each arm's effect and its departure in each cycle, and errors of which neighbours resemble each other (AR(1), "
    "exact over gaps). Effects have the prior 0.8 Normal(0, 1) + 0.2 Normal(0, 4²) in units of a row's spread. "
    "Coefficients and spread are integrated in closed form, correlation, departures and carry-over by quadrature. "
    "Several cases are pooled by a normal-normal hierarchy: mean effect Normal(0, S²), spread between cases "
    "HalfNormal(S/2), S the typical spread of a row, with weight 0.8, and four times both with weight 0.2."
)
METHOD_OF_OTHERS = (
    " Outcomes that are yes or no, levels, counts, or ratings near their bounds have a likelihood of their own "
    "(Bernoulli, cumulative logit, negative binomial, ordered Beta) over the same predictor, with a latent AR(1) in "
    "place of AR(1) errors and the prior Normal(0, 1.5²) for effects, sampled by NUTS (PyMC, nutpie). Their effects "
    "are averaged over the rows (standardisation); cases are pooled on the link's scale."
)


# By (outcome, arm): where, and how much.
Densities = dict[tuple[str, str], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class StudyAnalysis:
    """The answer, and what a report draws beside it: the rows, and the density of each effect by (outcome, arm)."""

    answer: StudyAnswer
    study: Study
    dataset: Dataset
    density: Densities


def analyse_study(path: Path) -> StudyAnalysis:
    """Analyse the study that a study file describes.

    Raises
    ------
    ConfigError
        If the study file is not valid.
    DataError
        If the data cannot be understood, or there is not enough of it.
    """
    study = read_study(path)
    dataset = load_dataset(study, path.parent)
    warn = dataset.warnings
    outcomes: list[OutcomeAnswer] = []
    density: Densities = {}
    for outcome in study.outcomes:
        primary = outcome is study.outcomes[0]
        try:
            outcomes.append(_answer(study, dataset, outcome, density, primary=primary))
        except NotEnoughData as missing:
            # The question is about the first outcome; the others are answered as far as they can be.
            if primary:
                raise
            warn("outcome_left_out", missing.message)
    check_study(study, dataset, warn)
    method = METHOD
    libraries: tuple[str, ...] = LIBRARIES
    if any(outcome.likelihood != "normal" for outcome in outcomes):
        method += METHOD_OF_OTHERS
        libraries += SAMPLERS
    answer = StudyAnswer(
        title=study.title,
        question=study.question or study.title,
        answer=" ".join(comparison.answer for comparison in outcomes[0].comparisons),
        design=_design_answer(study, dataset.word),
        data=_data_answer(dataset),
        outcomes=outcomes,
        warnings=[WarningAnswer(code=warning.code, text=warning.text) for warning in warn.collected],
        method=method,
        study_sha256=digest(path),
        versions={name: version(name) for name in libraries},
    )
    return StudyAnalysis(answer, study, dataset, density)


def _design_answer(study: Study, word: str) -> DesignAnswer:
    randomised = study.design.is_randomised
    claim: Claim = "caused" if randomised else "associated"
    return DesignAnswer(
        law=study.design.scheme,
        randomised=randomised,
        claim=claim,
        said=describe_design(study.design, word),
        washout=study.washout,
        half_life=study.half_life,
    )


def _answer(
    study: Study,
    dataset: Dataset,
    outcome: OutcomeColumn,
    density: Densities,
    *,
    primary: bool,
) -> OutcomeAnswer:
    warn, names = dataset.warnings, dataset.arms.names
    prepared = _prepare_all(study, dataset, outcome)
    scale = common_scale(prepared)
    delta, source = smallest_effect(outcome, scale)
    carry_over = None
    if study.half_life:
        carry_over = carry_over_from(study.half_life)
    fits, choice = _fit(outcome, prepared, carry_over)
    for prepared_case, fit in zip(prepared, fits, strict=True):
        if len(dataset.cases) > 1:
            warn.case = prepared_case.series.case
        check_case(prepared_case, fit, outcome, names, dataset.word, warn)
    warn.case = ""
    check_outcome(outcome, [prepared_case.observed for prepared_case in prepared], choice, warn)
    fitted = FittedOutcome(prepared, fits, scale, delta, carry_over, doses_of(dataset))
    comparisons = []
    for contrast in range(1, len(names)):
        compared = compare(study, outcome, names, fitted, contrast)
        comparisons.append(compared.comparison)
        density[outcome.column, compared.comparison.arm] = compared.density
    scale_name: str = scale.name
    summary = dataset.summaries[outcome.column].text
    if choice.family is not None:
        # The likelihood takes the place of the transformation that the summary describes.
        scale_name = LINK_NAMES[choice.family]
        summary = dataset.summaries[outcome.column].rows_text + DESCRIPTIONS[choice.family]
    return OutcomeAnswer(
        column=outcome.column,
        label=outcome.name,
        unit=outcome.unit,
        kind=outcome.kind,
        primary=primary,
        direction=outcome.direction,
        smallest_effect=delta,
        smallest_effect_from=source,
        scale=scale_name,
        likelihood=choice.family or "normal",
        summary=summary,
        arms=arm_rows(names, prepared),
        comparisons=comparisons,
    )


def _fit(
    outcome: OutcomeColumn, prepared: Sequence[PreparedCase], carry_over: CarryOver | None
) -> tuple[Sequence[Fit | LatentPosterior], LikelihoodChoice]:
    """Fit all cases, with the outcome's own likelihood where it has one and its fits can be trusted."""
    choice = choose_for_column(outcome, prepared)
    if choice.family is not None:
        sampled = fit_sampled(outcome, prepared, choice.family, carry_over)
        if not isinstance(sampled, RejectedFit):
            return sampled, choice
        choice = LikelihoodChoice(
            None,
            f"its own model was fitted, and is not reported, since the fit did not pass its checks ({sampled.problem})",
        )
    fits = []
    for prepared_case in prepared:
        case, values, scale = prepared_case.case, prepared_case.values, prepared_case.scale
        fits.append(fit_case(case, values, scale, carry_over=carry_over))
    return fits, choice


def _prepare_all(study: Study, dataset: Dataset, outcome: OutcomeColumn) -> list[PreparedCase]:
    warn = dataset.warnings
    prepared: list[PreparedCase] = []
    lacking: NotEnoughData | None = None
    for series in dataset.cases:
        try:
            prepared.append(prepare(study, dataset, series, outcome))
        except NotEnoughData as missing:
            lacking = missing
            if len(dataset.cases) > 1:
                warn("case_left_out", f"{series.case} is excluded: {missing.message}")
    if not prepared:
        assert lacking is not None  # noqa: S101 - there is at least one case
        raise lacking
    return prepared


def _data_answer(dataset: Dataset) -> DataAnswer:
    first = min(int(case.day[0]) for case in dataset.cases)
    last = max(int(case.day[-1]) for case in dataset.cases)
    # Rows that are tests or stretches have running numbers, whether or not the file has dates.
    dated = dataset.dated and dataset.cases[0].weekly
    return DataAnswer(
        row=dataset.word,
        rows_read=dataset.rows_read,
        rows=sum(len(case) for case in dataset.cases),
        cases=[case.case for case in dataset.cases],
        first=_day_text(first, dated=dated),
        last=_day_text(last, dated=dated),
        sha256=dataset.hashes,
    )


def _day_text(day: int, *, dated: bool) -> str:
    """Write days since 1970-01-01 as a date, and the number of a test as it is."""
    return str(np.datetime64(day, "D")) if dated else str(day)
