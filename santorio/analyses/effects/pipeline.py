"""The analysis of associations: all of a person's outcomes in one fit, one published run per outcome."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from santorio.analyses.cache_key import cache_key
from santorio.analyses.effects.design import Candidate, Regression, prepare, stack_outcomes
from santorio.analyses.effects.flat_prior import flat_prior_associations
from santorio.analyses.effects.measurement_error import RegressionCalibration, correct_measurement_error
from santorio.analyses.effects.model import EffectsModel
from santorio.analyses.effects.sensitivity import robustness
from santorio.analyses.run_store import Run, RunReport, last_cache_key, publish
from santorio.analyses.series import Series, describe_exclusions, read_exposures, read_outcomes
from santorio.arrays import FloatArray
from santorio.errors import NotEnoughData
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD
from santorio.metrics import outcome as find_outcome
from santorio.people import Person
from santorio.stats.sampler import Diagnostics
from santorio.storage.database.engine import Database


@dataclass(frozen=True)
class EffectInputs:
    """A person's series from the marts; exposures with a measurement error are calibrated.

    Attributes
    ----------
    outcomes, exposures : Mapping[str, Series]
    calibrations : Mapping[str, RegressionCalibration]
        Of the exposures that are measured with error.
    """

    outcomes: Mapping[str, Series]
    exposures: Mapping[str, Series]
    calibrations: Mapping[str, RegressionCalibration]

    @property
    def as_of(self) -> dt.datetime:
        """Instant at which the newest value became known."""
        every = [*self.outcomes.values(), *self.exposures.values()]
        return max(series.as_of for series in every)


@dataclass(frozen=True)
class EffectEstimates:
    """The estimates of a fit for one outcome.

    Attributes
    ----------
    effect : FloatArray
        Standardised effects of its candidates, shape (draws, candidates).
    parameters : float
        Effective number of coefficients of the regression.
    diagnostics : Diagnostics
        Of the whole fit, with all its outcomes.
    outcomes : int
        Number of outcomes in the fit.
    prior_free : FloatArray
        Estimate and standard deviation of each effect without its prior, standardised; shape (2, candidates).
    """

    effect: FloatArray
    parameters: float
    diagnostics: Diagnostics
    outcomes: int
    prior_free: FloatArray


def analyse_effects(
    database: Database,
    person: Person,
    *,
    force: bool = False,
    sampler_config: Mapping[str, object] | None = None,
) -> list[RunReport]:
    """Estimate the associations of each outcome, and publish those of fits that pass their diagnostics.

    A new day changes them all, so all outcomes have one cache key and are fitted together.

    Parameters
    ----------
    force : bool
        Fit even if nothing has changed.
    sampler_config : Mapping, optional
        Settings of the sampler that differ from the model's own.
    """
    with database.connect() as connection:
        outcomes = read_outcomes(connection, person.user_id)
        exposures, calibrations = correct_measurement_error(read_exposures(connection, person.user_id))
    # In the order of names, so that the same inputs have the same cache key.
    analysed = {name: outcomes[name] for name in sorted(outcomes) if find_outcome(name).is_in_associations}
    inputs = EffectInputs(analysed, exposures, calibrations)
    regressions, reports = _prepare(inputs)
    if regressions:
        reports |= _publish(database, person, inputs, regressions, sampler_config or {}, force=force)
    return [reports[outcome] for outcome in inputs.outcomes]


def _prepare(inputs: EffectInputs) -> tuple[list[Regression], dict[str, RunReport]]:
    """Regressions of the outcomes with enough data, and reports of the others."""
    regressions, reports = [], {}
    for outcome, series in inputs.outcomes.items():
        try:
            regressions.append(prepare(outcome, series, inputs.exposures))
        except NotEnoughData as missing:
            reports[outcome] = RunReport("effects", outcome, "not enough data", str(missing))
    return regressions, reports


def _publish(
    database: Database,
    person: Person,
    inputs: EffectInputs,
    regressions: Sequence[Regression],
    sampler_config: Mapping[str, object],
    *,
    force: bool,
) -> dict[str, RunReport]:
    """Fit, unless every outcome's newest run is of the same inputs, and publish each outcome's run."""
    key = _cache_key(inputs, regressions, sampler_config)
    outcomes = [regression.outcome for regression in regressions]
    with database.connect() as connection:
        last = {last_cache_key(connection, person.user_id, "effects", outcome) for outcome in outcomes}
    if not force and last == {key}:
        return {outcome: RunReport("effects", outcome, "unchanged") for outcome in outcomes}
    fits = fit(regressions, sampler_config)
    reports = {}
    for regression in regressions:
        run = _run(person, inputs, regression, fits[regression.outcome], key)
        reports[regression.outcome] = publish(database, run, force=force)
    return reports


def _cache_key(
    inputs: EffectInputs, regressions: Sequence[Regression], sampler_config: Mapping[str, object]
) -> str:
    model = EffectsModel(1, 1, sampler_config=sampler_config)
    parts: list[object] = [model.model_config, model.sampler_config]
    for regression in regressions:
        series = inputs.outcomes[regression.outcome]
        names = [(candidate.name, candidate.per_amount) for candidate in regression.candidates]
        parts += [regression.outcome, names, series.day, series.value, regression.exposures]
    return cache_key(*parts)


def fit(
    regressions: Sequence[Regression], sampler_config: Mapping[str, object]
) -> dict[str, EffectEstimates]:
    """Fit all outcomes together; if that cannot be trusted, each by itself, so that one does not reject the others."""
    together = _fit(regressions, sampler_config)
    # All estimates of a fit have its diagnostics.
    diagnostics = together[regressions[0].outcome].diagnostics
    if len(regressions) == 1 or diagnostics.problem is None:
        return together
    estimates: dict[str, EffectEstimates] = {}
    for regression in regressions:
        estimates |= _fit([regression], sampler_config)
    return estimates


def _fit(
    regressions: Sequence[Regression], sampler_config: Mapping[str, object]
) -> dict[str, EffectEstimates]:
    stacked = stack_outcomes(regressions)
    model = EffectsModel(len(regressions), len(stacked.exposures), sampler_config=sampler_config)
    effects = model.fit(stacked.evidence, stacked.is_confounder)
    estimates = {}
    for o, regression in enumerate(regressions):
        evidence, columns = stacked.evidence[o], stacked.columns(regression)
        estimates[regression.outcome] = EffectEstimates(
            effect=effects.effect[:, o, columns],
            parameters=float(effects.parameters[o]) + evidence.background,
            diagnostics=effects.diagnostics,
            outcomes=len(regressions),
            prior_free=np.stack(flat_prior_associations(evidence, columns)),
        )
    return estimates


def _run(
    person: Person, inputs: EffectInputs, regression: Regression, estimates: EffectEstimates, key: str
) -> Run:
    series = inputs.outcomes[regression.outcome]
    names = [candidate.name for candidate in regression.candidates]
    used = {regression.outcome: series} | {name: inputs.exposures[name] for name in names}
    diagnostics: dict[str, object] = {
        **estimates.diagnostics.as_json(),
        "days": len(regression.standard),
        "outcomes_fitted_together": estimates.outcomes,
        "left_out": describe_exclusions(used),
    }
    calibrated = [name for name in names if name in inputs.calibrations]
    if calibrated:
        diagnostics["reliability"] = {
            name: round(inputs.calibrations[name].reliability, 3) for name in calibrated
        }
    rows: list[dict[str, object]] = []
    plot, reason = None, None
    problem = estimates.diagnostics.problem
    if problem is None:
        rows = results(regression, estimates, inputs.calibrations)
        plot = _plot(regression.outcome, rows)
    else:
        reason = f"The fit cannot be trusted: {problem}."
    return Run(
        user_id=person.user_id,
        kind="effects",
        target=regression.outcome,
        fingerprint=key,
        as_of=inputs.as_of,
        known_at=series.known_at,
        rows=rows,
        diagnostics=diagnostics,
        plot=plot,
        reason=reason,
    )


def results(
    regression: Regression, estimates: EffectEstimates, calibrations: Mapping[str, RegressionCalibration]
) -> list[dict[str, object]]:
    """Rows of `analysis.effects`, ranked by the probability of a difference that matters."""
    registered = find_outcome(regression.outcome)
    smallest_effect = registered.smallest_effect or DEFAULT_SMALLEST_EFFECT_SD * regression.spread
    degrees = len(regression.standard) - estimates.parameters
    scored: list[tuple[float, float, dict[str, object]]] = []
    for j, candidate in enumerate(regression.candidates):
        # From standardised units to the outcome's unit per amount of the exposure.
        standard_effect = regression.spread / candidate.spread * candidate.per_amount
        effect = estimates.effect[:, j] * standard_effect
        prior_free = estimates.prior_free[:, j] * standard_effect
        if candidate.name in calibrations:
            effect = calibrations[candidate.name].widen(effect)
        row = {
            "outcome": regression.outcome,
            "exposure": candidate.name,
            "lag_days": candidate.lag_days,
            "exposure_unit": candidate.unit,
            "outcome_unit": registered.unit,
            **_summary(effect, candidate, degrees),
            "prior_free_estimate": float(prior_free[0]),
            "prior_free_sd": float(prior_free[1]),
            "standard_effect": standard_effect,
        }
        probability_matters = float((np.abs(effect) > smallest_effect).mean())
        # Many effects have the same probability, near 0 or 1: the surer of them comes first.
        certainty = abs(float(effect.mean())) / float(effect.std(ddof=1))
        scored.append((probability_matters, certainty, row))
    scored.sort(key=lambda scores: (-scores[0], -scores[1]))
    return [{**row, "rank": rank} for rank, (_, _, row) in enumerate(scored, start=1)]


def _summary(effect: FloatArray, candidate: Candidate, degrees: float) -> dict[str, object]:
    lower_95, lower_50, upper_50, upper_95 = np.quantile(effect, [0.025, 0.25, 0.75, 0.975]).tolist()
    estimate, sd = float(effect.mean()), float(effect.std(ddof=1))
    to_nothing, to_doubt = robustness(estimate, sd, degrees)
    return {
        "per_amount": candidate.per_amount,
        "estimate": estimate,
        "sd": sd,
        "lower_95": lower_95,
        "upper_95": upper_95,
        "lower_50": lower_50,
        "upper_50": upper_50,
        "probability_positive": float((effect > 0).mean()),
        "robustness_value": to_nothing,
        "robustness_value_95": to_doubt,
        "days": candidate.days,
    }


def _plot(outcome: str, rows: list[dict[str, object]]) -> bytes:
    from santorio.analyses.effects.plot import plot_effects

    return plot_effects(outcome, find_outcome(outcome).unit, rows)
