"""Pooled results for each person who shares: the mean, the standard deviation between people, their own position.

The estimates of one effect are pooled by the hierarchy of `santorio.stats.meta_analysis`, S being the effect of one
standard deviation, averaged over people: μ then has a trial's own weak prior. Half as much would be narrower, and
cover one more person too rarely where people differ (docs/method.md). One width k suffices: a population enters a
protocol beside a weak component.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from santorio.analyses.cache_key import CODE_PATHS, cache_key
from santorio.analyses.run_store import Run, RunReport, last_cache_key, publish
from santorio.people import Person
from santorio.population.estimates import EffectKey, Estimate, SharedEstimates
from santorio.privacy.consent import MIN_PEOPLE
from santorio.stats.meta_analysis import Pooled, pool
from santorio.storage.database.engine import Database

TARGET = "all"
ONE_WIDTH = ((1.0, 1.0),)
# Of the quadrature over the standard deviation between people.
NODES = 192
CODE = (*CODE_PATHS, "santorio/population", "santorio/privacy/consent.py")


def pool_estimates(estimates: Sequence[Estimate], per_amount: float = 1.0) -> Pooled:
    """Pool the estimates of several people for one effect, at this amount of the exposure."""
    values, sds, standard = np.array([estimate.per(per_amount) for estimate in estimates]).T
    return pool(values, sds, float(standard.mean()), widths=ONE_WIDTH, nodes=NODES)


def analyse_population(
    database: Database, person: Person, shared: SharedEstimates, *, force: bool = False
) -> RunReport:
    """Publish the pooled results that one person may see.

    Parameters
    ----------
    shared : SharedEstimates
        Read once for everyone.

    Returns
    -------
    RunReport
        "not enough data" where this person sees, and saw, no pooled result. After a withdrawal, a run without rows
        replaces the last one.
    """
    rows = rows_of(person.user_id, shared)
    key = cache_key(rows, code=CODE)
    with database.connect() as connection:
        last = last_cache_key(connection, person.user_id, "population", TARGET)
    if last == key and not force:
        return RunReport("population", TARGET, "unchanged")
    if not rows and last is None:
        return RunReport(
            "population",
            TARGET,
            "not enough data",
            f"Results are shown only to people who share, and only where at least {MIN_PEOPLE} people do.",
        )
    from psycopg.types.json import Jsonb

    stored_rows = []
    for row in rows:
        # An association has no arms.
        arms = Jsonb(row["arms"]) if row["arms"] else None
        stored_rows.append(row | {"arms": arms})
    run = Run(
        user_id=person.user_id,
        kind="population",
        target=TARGET,
        fingerprint=key,
        as_of=_as_of(shared),
        rows=stored_rows,
        diagnostics={"rows": len(rows)},
    )
    return publish(database, run, force=force)


def _as_of(shared: SharedEstimates) -> dt.datetime:
    """Instant at which the newest estimate became known; now, where there is none."""
    instants: list[dt.datetime] = []
    for _, estimates in shared.by_effect():
        instants += [estimate.as_of for estimate in estimates.values()]
    return max(instants, default=dt.datetime.now(dt.UTC))


def rows_of(user_id: UUID, shared: SharedEstimates) -> list[dict[str, object]]:
    """Rows of `analysis.population` for one person; none for a person who does not share."""
    if user_id not in shared.people:
        return []
    rows = []
    for key, estimates in shared.by_effect():
        own = estimates.get(user_id)
        # An association is shown to a person who has it; a trial also to others, whose next trial may start from it.
        is_shown = own is not None or key.basis == "trial"
        if is_shown and len(estimates) >= MIN_PEOPLE:
            rows.append(_row(user_id, key, estimates))
    return rows


def _row(user_id: UUID, key: EffectKey, estimates: Mapping[UUID, Estimate]) -> dict[str, object]:
    per_amount = 1.0
    if user_id in estimates:
        per_amount = estimates[user_id].per_amount
    people = sorted(estimates)
    pooled = pool_estimates([estimates[member] for member in people], per_amount)
    return {
        "basis": key.basis,
        "outcome": key.outcome,
        "factor": key.factor,
        "lag_days": key.lag_days,
        "arms": list(key.arms),
        "unit": key.unit,
        "factor_unit": key.factor_unit or None,
        # A trial has no amount.
        "per_amount": per_amount if key.basis == "association" else None,
        "is_member": user_id in estimates,
        "people": len(people),
        "mean": pooled.mean,
        "lower_95": pooled.quantile(0.025),
        "upper_95": pooled.quantile(0.975),
        "between_sd": pooled.between_mean,
        "between_lower_95": pooled.between_quantile(0.025),
        "between_upper_95": pooled.between_quantile(0.975),
        **_shrunk_estimate(user_id, people, pooled),
        **_expectation(user_id, key, estimates, per_amount),
    }


def _shrunk_estimate(user_id: UUID, people: Sequence[UUID], pooled: Pooled) -> dict[str, float | None]:
    """The person's own estimate given all others; None for a person without one."""
    if user_id not in people:
        return {"shrunk_estimate": None, "shrunk_sd": None}
    position = people.index(user_id)
    return {
        "shrunk_estimate": float(pooled.case_means[position]),
        "shrunk_sd": float(pooled.case_sds[position]),
    }


def _expectation(
    user_id: UUID, key: EffectKey, estimates: Mapping[UUID, Estimate], per_amount: float
) -> dict[str, float | None]:
    """The effect to expect in this person by the others alone: the prior of a next trial, if enough people tried."""
    others = [estimates[member] for member in sorted(estimates) if member != user_id]
    if key.basis != "trial" or len(others) < MIN_PEOPLE:
        return {"others": None, "expected_mean": None, "expected_sd": None}
    expected = pool_estimates(others, per_amount)
    return {"others": len(others), "expected_mean": expected.mean, "expected_sd": expected.next_sd}
