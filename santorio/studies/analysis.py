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
from santorio.studies.contrasts import Fitted, arm_rows, compare
from santorio.studies.dataset import Dataset, digest, load_dataset
from santorio.studies.gaussian_fit import Fit, fit_case
from santorio.studies.likelihood_choice import DESCRIPTIONS, choose_for_column
from santorio.studies.preprocessing import Prepared, common_scale, doses_of, prepare, smallest_effect
from santorio.studies.result import DataAnswer, DesignAnswer, OutcomeAnswer, StudyAnswer, WarningAnswer
from santorio.studies.sampled_fit import RejectedFit, fit_sampled
from santorio.studies.spec import OutcomeColumn, Study, read_study
from santorio.studies.text import say_design

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


@dataclass(frozen=True)
class StudyAnalysis:
    """The answer, and what a report draws beside it: the rows, and the density of each effect by (outcome, arm)."""

    answer: StudyAnswer
    study: Study
    dataset: Dataset
    density: dict[tuple[str, str], tuple[FloatArray, FloatArray]]


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
    add = dataset.notices
    outcomes: list[OutcomeAnswer] = []
    density: dict[tuple[str, str], tuple[FloatArray, FloatArray]] = {}
    for outcome in study.outcomes:
        primary = outcome is study.outcomes[0]
        try:
            outcomes.append(_answer(study, dataset, outcome, density, primary=primary))
        except NotEnoughData as missing:
            if primary:
                raise
            add("outcome_left_out", missing.message)
    check_study(study, dataset, add)
    randomised = study.design.is_randomised
    sampled = any(outcome.likelihood != "normal" for outcome in outcomes)
    answer = StudyAnswer(
        title=study.title,
        question=study.question or study.title,
        answer=" ".join(comparison.answer for comparison in outcomes[0].comparisons),
        design=DesignAnswer(
            law=study.design.scheme,
            randomised=randomised,
            claim="caused" if randomised else "associated",
            said=say_design(study.design, dataset.word),
            washout=study.washout,
            half_life=study.half_life,
        ),
        data=_about_data(dataset),
        outcomes=outcomes,
        warnings=[WarningAnswer(code=warning.code, text=warning.text) for warning in add.found],
        method=METHOD + (METHOD_OF_OTHERS if sampled else ""),
        study_sha256=digest(path),
        versions={name: version(name) for name in (*LIBRARIES, *(SAMPLERS if sampled else ()))},
    )
    return StudyAnalysis(answer, study, dataset, density)


def _answer(
    study: Study,
    dataset: Dataset,
    outcome: OutcomeColumn,
    density: dict[tuple[str, str], tuple[FloatArray, FloatArray]],
    *,
    primary: bool,
) -> OutcomeAnswer:
    add, names = dataset.notices, dataset.arms.names
    prepared = _prepare_all(study, dataset, outcome)
    scale = common_scale(prepared)
    delta, source = smallest_effect(outcome, scale)
    carry_over = carry_over_from(study.half_life) if study.half_life else None
    fits, chosen = _fit(outcome, prepared, carry_over)
    for prepared_case, fit in zip(prepared, fits, strict=True):
        add.about = prepared_case.series.case if len(dataset.cases) > 1 else ""
        check_case(prepared_case, fit, outcome, names, dataset.word, add)
    add.about = ""
    check_outcome(outcome, [prepared_case.observed for prepared_case in prepared], chosen, add)
    fitted = Fitted(prepared, fits, scale, delta, carry_over, doses_of(dataset))
    compared = [compare(study, outcome, names, fitted, contrast) for contrast in range(1, len(names))]
    summary = dataset.summaries[outcome.column]
    density |= {(outcome.column, comparison.comparison.arm): comparison.density for comparison in compared}
    return OutcomeAnswer(
        column=outcome.column,
        label=outcome.name,
        unit=outcome.unit,
        kind=outcome.kind,
        primary=primary,
        direction=outcome.direction,
        smallest_effect=delta,
        smallest_effect_from=source,
        scale=scale.name if chosen.family is None else LINK_NAMES[chosen.family],
        likelihood=chosen.family or "normal",
        summary=summary.said if chosen.family is None else summary.rows_said + DESCRIPTIONS[chosen.family],
        arms=arm_rows(names, prepared),
        comparisons=[comparison.comparison for comparison in compared],
    )


def _fit(
    outcome: OutcomeColumn, prepared: Sequence[Prepared], carry_over: CarryOver | None
) -> tuple[Sequence[Fit | LatentPosterior], LikelihoodChoice]:
    """Fit all cases, with the outcome's own likelihood where it has one and its fits can be trusted."""
    chosen = choose_for_column(outcome, prepared)
    if chosen.family is not None:
        found = fit_sampled(outcome, prepared, chosen.family, carry_over)
        if not isinstance(found, RejectedFit):
            return found, chosen
        chosen = LikelihoodChoice(
            None,
            f"its own model was fitted, and is not reported, since the fit did not pass its checks ({found.problem})",
        )
    return [
        fit_case(prepared_case.case, prepared_case.values, prepared_case.scale, carry_over=carry_over)
        for prepared_case in prepared
    ], chosen


def _prepare_all(study: Study, dataset: Dataset, outcome: OutcomeColumn) -> list[Prepared]:
    prepared: list[Prepared] = []
    lacking: NotEnoughData | None = None
    for series in dataset.cases:
        try:
            prepared.append(prepare(study, dataset, series, outcome))
        except NotEnoughData as missing:
            lacking = missing
            if len(dataset.cases) > 1:
                dataset.notices("case_left_out", f"{series.case} is excluded: {missing.message}")
    if not prepared:
        assert lacking is not None  # noqa: S101 - there is at least one case
        raise lacking
    return prepared


def _about_data(dataset: Dataset) -> DataAnswer:
    first = min(int(case.day[0]) for case in dataset.cases)
    last = max(int(case.day[-1]) for case in dataset.cases)
    dated = dataset.dated and dataset.cases[0].weekly
    return DataAnswer(
        row=dataset.word,
        rows_read=dataset.rows_read,
        rows=sum(len(case) for case in dataset.cases),
        cases=[case.case for case in dataset.cases],
        first=str(np.datetime64(first, "D")) if dated else str(first),
        last=str(np.datetime64(last, "D")) if dated else str(last),
        sha256=dataset.hashes,
    )
