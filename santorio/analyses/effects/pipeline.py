"""The analysis of what is associated with what: all of a person's outcomes in one fit, one published run an outcome."""

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
    """What the marts know of a person, with what is measured with error replaced by what is to be expected of it.

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
        """When the newest of it became known."""
        return max(series.as_of for series in (*self.outcomes.values(), *self.exposures.values()))


@dataclass(frozen=True)
class EffectEstimates:
    """What a fit says of one outcome.

    Attributes
    ----------
    effect : FloatArray
        Standardised effects of its candidates, shape (draws, candidates).
    parameters : float
        How many coefficients the regression uses up.
    diagnostics : Diagnostics
        Of the whole fit, whatever other outcomes were in it.
    outcomes : int
        How many outcomes were in it.
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
    """Estimate what each outcome is associated with, and publish what may be published.

    A new day changes them all, so all outcomes have one fingerprint and are fitted together.

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
    known = EffectInputs(
        {name: series for name, series in sorted(outcomes.items()) if find_outcome(name).is_in_associations},
        exposures,
        calibrations,
    )
    regressions, reports = _prepare(known)
    if regressions:
        reports |= _publish(database, person, known, regressions, sampler_config or {}, force=force)
    return [reports[outcome] for outcome in known.outcomes]


def _prepare(known: EffectInputs) -> tuple[list[Regression], dict[str, RunReport]]:
    regressions, reports = [], {}
    for outcome, series in known.outcomes.items():
        try:
            regressions.append(prepare(outcome, series, known.exposures))
        except NotEnoughData as missing:
            reports[outcome] = RunReport("effects", outcome, "not enough data", str(missing))
    return regressions, reports


def _publish(
    database: Database,
    person: Person,
    known: EffectInputs,
    regressions: Sequence[Regression],
    sampler_config: Mapping[str, object],
    *,
    force: bool,
) -> dict[str, RunReport]:
    """Fit, unless every outcome's newest run is of the same inputs, and publish each outcome's run."""
    key = _fingerprint(known, regressions, sampler_config)
    outcomes = [regression.outcome for regression in regressions]
    with database.connect() as connection:
        last = {last_cache_key(connection, person.user_id, "effects", outcome) for outcome in outcomes}
    if not force and last == {key}:
        return {outcome: RunReport("effects", outcome, "unchanged") for outcome in outcomes}
    fits = fit(regressions, sampler_config)
    return {
        regression.outcome: publish(
            database, _run(person, known, regression, fits[regression.outcome], key), force=force
        )
        for regression in regressions
    }


def _fingerprint(
    known: EffectInputs, regressions: Sequence[Regression], sampler_config: Mapping[str, object]
) -> str:
    model = EffectsModel(1, 1, sampler_config=sampler_config)
    inputs: list[object] = [model.model_config, model.sampler_config]
    for regression in regressions:
        series = known.outcomes[regression.outcome]
        names = [(candidate.name, candidate.per_amount) for candidate in regression.candidates]
        inputs += [regression.outcome, names, series.day, series.value, regression.exposures]
    return cache_key(*inputs)


def fit(
    regressions: Sequence[Regression], sampler_config: Mapping[str, object]
) -> dict[str, EffectEstimates]:
    """Fit all outcomes together; if that cannot be trusted, each by itself, so that one does not refuse the others."""
    together = _fit(regressions, sampler_config)
    if len(regressions) == 1 or next(iter(together.values())).diagnostics.problem is None:
        return together
    return {
        outcome: estimated
        for regression in regressions
        for outcome, estimated in _fit([regression], sampler_config).items()
    }


def _fit(
    regressions: Sequence[Regression], sampler_config: Mapping[str, object]
) -> dict[str, EffectEstimates]:
    joined = stack_outcomes(regressions)
    model = EffectsModel(len(regressions), len(joined.exposures), sampler_config=sampler_config)
    effects = model.fit(joined.evidence, joined.is_confounder)
    return {
        regression.outcome: EffectEstimates(
            effects.effect[:, o, joined.columns(regression)],
            float(effects.parameters[o]) + joined.evidence[o].background,
            effects.diagnostics,
            len(regressions),
            np.stack(flat_prior_associations(joined.evidence[o], joined.columns(regression))),
        )
        for o, regression in enumerate(regressions)
    }


def _run(
    person: Person, known: EffectInputs, regression: Regression, estimated: EffectEstimates, key: str
) -> Run:
    problem = estimated.diagnostics.problem
    rows = [] if problem else results(regression, estimated, known.calibrations)
    series = known.outcomes[regression.outcome]
    names = [candidate.name for candidate in regression.candidates]
    used = {regression.outcome: series, **{name: known.exposures[name] for name in names}}
    diagnostics: dict[str, object] = {
        **estimated.diagnostics.as_json(),
        "days": len(regression.standard),
        "outcomes_fitted_together": estimated.outcomes,
        "left_out": describe_exclusions(used),
    }
    reliabilities = {
        name: round(known.calibrations[name].reliability, 3) for name in names if name in known.calibrations
    }
    if reliabilities:
        diagnostics["reliability"] = reliabilities
    return Run(
        user_id=person.user_id,
        kind="effects",
        target=regression.outcome,
        fingerprint=key,
        as_of=known.as_of,
        known_at=series.known_at,
        rows=rows,
        diagnostics=diagnostics,
        plot=_plot(regression.outcome, rows) if rows else None,
        reason=f"The fit cannot be trusted: {problem}." if problem else None,
    )


def results(
    regression: Regression, estimated: EffectEstimates, calibrations: Mapping[str, RegressionCalibration]
) -> list[dict[str, object]]:
    """Rows of `analysis.effects`, ranked by how probable a difference that matters is."""
    registered = find_outcome(regression.outcome)
    matters = registered.smallest_effect or DEFAULT_SMALLEST_EFFECT_SD * regression.spread
    degrees = len(regression.standard) - estimated.parameters
    scored: list[tuple[float, float, dict[str, object]]] = []
    for j, candidate in enumerate(regression.candidates):
        standard_effect = regression.spread / candidate.spread * candidate.per_amount
        effect = estimated.effect[:, j] * standard_effect
        prior_free = estimated.prior_free[:, j] * standard_effect
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
        certainty = abs(float(effect.mean())) / float(effect.std(ddof=1))
        scored.append((float((np.abs(effect) > matters).mean()), certainty, row))
    scored.sort(key=lambda scores: (-scores[0], -scores[1]))
    return [{**row, "rank": rank} for rank, (_, _, row) in enumerate(scored, start=1)]


def _summary(effect: FloatArray, candidate: Candidate, degrees: float) -> dict[str, object]:
    lower_95, lower_50, upper_50, upper_95 = (
        float(q) for q in np.quantile(effect, [0.025, 0.25, 0.75, 0.975])
    )
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
