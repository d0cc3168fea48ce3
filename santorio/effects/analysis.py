"""The analysis of what is associated with what: one regression an outcome, one published run each."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from santorio.database.engine import Database
from santorio.effects.model import EffectsModel
from santorio.effects.preparing import Regression, prepare
from santorio.errors import NotEnoughData
from santorio.insights.fingerprint import fingerprint
from santorio.insights.publishing import Run, RunReport, last_fingerprint, publish
from santorio.insights.reading import Series, read_exposures, read_outcomes, words_of_left_out
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD, NOT_STUDIED
from santorio.metrics import outcome as find_outcome
from santorio.people import Person
from santorio.trials.columns import FloatArray


def analyse_effects(
    database: Database,
    person: Person,
    *,
    force: bool = False,
    sampler_config: Mapping[str, object] | None = None,
) -> list[RunReport]:
    """Estimate what each outcome is associated with, and publish what may be published.

    Parameters
    ----------
    force : bool
        Fit even if nothing has changed.
    sampler_config : Mapping, optional
        Settings of the sampler that differ from the model's own.
    """
    with database.connect() as connection:
        outcomes = read_outcomes(connection, person.user_id)
        exposures = read_exposures(connection, person.user_id)
    return [
        _analyse(database, person, name, series, exposures, sampler_config or {}, force=force)
        for name, series in sorted(outcomes.items())
        if name not in NOT_STUDIED
    ]


def _analyse(
    database: Database,
    person: Person,
    outcome: str,
    series: Series,
    exposures: Mapping[str, Series],
    sampler_config: Mapping[str, object],
    *,
    force: bool,
) -> RunReport:
    try:
        regression = prepare(outcome, series, exposures)
    except NotEnoughData as missing:
        return RunReport("effects", outcome, "not enough data", str(missing))
    model = EffectsModel(len(regression.candidates), sampler_config=sampler_config)
    key = fingerprint(
        outcome,
        [candidate.name for candidate in regression.candidates],
        [candidate.per_amount for candidate in regression.candidates],
        series.day,
        series.value,
        regression.exposures,
        model.model_config,
        model.sampler_config,
    )
    with database.connect() as connection:
        if not force and last_fingerprint(connection, person.user_id, "effects", outcome) == key:
            return RunReport("effects", outcome, "unchanged")
    as_of = max(series.as_of, *(exposures[candidate.name].as_of for candidate in regression.candidates))
    run = _fit(person, regression, model, key, as_of)
    used = {outcome: series, **{one.name: exposures[one.name] for one in regression.candidates}}
    diagnostics = {**run.diagnostics, "left_out": words_of_left_out(used)}
    run = replace(run, diagnostics=diagnostics, known_at=series.known_at)
    return publish(database, run, force=force)


def _fit(person: Person, regression: Regression, model: EffectsModel, key: str, as_of: dt.datetime) -> Run:
    fit = model.fit(regression.background, regression.exposures, regression.standard)
    problem = fit.diagnostics.problem
    rows = [] if problem else results(regression, fit.draws["effect"])
    return Run(
        user_id=person.user_id,
        kind="effects",
        subject=regression.outcome,
        fingerprint=key,
        as_of=as_of,
        rows=rows,
        diagnostics={**fit.diagnostics.as_json(), "days": len(regression.standard)},
        plot=_plot(regression.outcome, rows) if rows else None,
        reason=f"The fit cannot be trusted: {problem}." if problem else None,
    )


def results(regression: Regression, draws: FloatArray) -> list[dict[str, object]]:
    """Rows of `insights.effects`, ranked by how probable a difference that matters is.

    Parameters
    ----------
    draws : FloatArray
        Standardised effects, shape (draws, exposures).
    """
    registered = find_outcome(regression.outcome)
    matters = registered.smallest_effect or DEFAULT_SMALLEST_EFFECT_SD * regression.spread
    scored: list[tuple[float, float, dict[str, object]]] = []
    for j, candidate in enumerate(regression.candidates):
        effect = draws[:, j] * regression.spread / candidate.spread * candidate.per_amount
        lower_95, lower_50, upper_50, upper_95 = (
            float(q) for q in np.quantile(effect, [0.025, 0.25, 0.75, 0.975])
        )
        estimate, sd = float(effect.mean()), float(effect.std(ddof=1))
        row: dict[str, object] = {
            "outcome": regression.outcome,
            "exposure": candidate.name,
            "lag_days": candidate.lag_days,
            "exposure_unit": candidate.unit,
            "outcome_unit": registered.unit,
            "per_amount": candidate.per_amount,
            "estimate": estimate,
            "sd": sd,
            "lower_95": lower_95,
            "upper_95": upper_95,
            "lower_50": lower_50,
            "upper_50": upper_50,
            "probability_positive": float((effect > 0).mean()),
            "days": candidate.days,
        }
        scored.append((float((np.abs(effect) > matters).mean()), abs(estimate) / sd, row))
    scored.sort(key=lambda scores: (-scores[0], -scores[1]))
    return [{**row, "rank": rank} for rank, (_, _, row) in enumerate(scored, start=1)]


def _plot(outcome: str, rows: list[dict[str, object]]) -> bytes:
    from santorio.insights.plots import plot_effects

    return plot_effects(outcome, find_outcome(outcome).unit, rows)
