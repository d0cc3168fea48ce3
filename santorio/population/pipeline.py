"""Pooled results for each person who shares: the mean, the standard deviation between people, their own position.

The estimates of one effect are pooled by the hierarchy of `santorio.stats.meta_analysis`, S being what one
standard deviation amounts to, averaged over people: μ then has a trial's own weak prior. Half as much would be
narrower, and hold one more person too rarely where people differ (docs/method.md). One width k suffices: a population
enters a protocol beside a weak part.
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
        "not enough data" where this person sees, and saw, no pooled result. A person who withdraws sees none from
        then on.
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

    run = Run(
        user_id=person.user_id,
        kind="population",
        target=TARGET,
        fingerprint=key,
        as_of=max(_as_of(shared), default=dt.datetime.now(dt.UTC)),
        rows=[{**row, "arms": Jsonb(row["arms"]) if row["arms"] else None} for row in rows],
        diagnostics={"rows": len(rows)},
    )
    return publish(database, run, force=force)


def _as_of(shared: SharedEstimates) -> list[dt.datetime]:
    return [estimate.as_of for _, estimates in shared.by_effect() for estimate in estimates.values()]


def rows_of(user_id: UUID, shared: SharedEstimates) -> list[dict[str, object]]:
    """Rows of `analysis.population` for one person; none for a person who does not share."""
    if user_id not in shared.people:
        return []
    rows = (_row(user_id, key, estimates) for key, estimates in shared.by_effect())
    return [row for row in rows if row is not None]


def _row(user_id: UUID, key: EffectKey, estimates: Mapping[UUID, Estimate]) -> dict[str, object] | None:
    own = estimates.get(user_id)
    # An association is shown to a person who has it; a trial also to others, whose next trial may start from it.
    if len(estimates) < MIN_PEOPLE or (own is None and key.basis == "association"):
        return None
    per_amount = own.per_amount if own else 1.0
    people = sorted(estimates)
    pooled = pool_estimates([estimates[member] for member in people], per_amount)
    others = [estimates[member] for member in people if member != user_id]
    is_informed = key.basis == "trial" and len(others) >= MIN_PEOPLE
    expected = pool_estimates(others, per_amount) if is_informed else None
    position = people.index(user_id) if own else None
    return {
        "basis": key.basis,
        "outcome": key.outcome,
        "factor": key.factor,
        "lag_days": key.lag_days,
        "arms": list(key.arms),
        "unit": key.unit,
        "factor_unit": key.factor_unit or None,
        "per_amount": own.per_amount if own and key.basis == "association" else None,
        "is_member": own is not None,
        "people": len(people),
        "mean": pooled.mean,
        "lower_95": pooled.quantile(0.025),
        "upper_95": pooled.quantile(0.975),
        "between_sd": pooled.between_mean,
        "between_lower_95": pooled.between_quantile(0.025),
        "between_upper_95": pooled.between_quantile(0.975),
        "shrunk_estimate": None if position is None else float(pooled.case_means[position]),
        "shrunk_sd": None if position is None else float(pooled.case_sds[position]),
        "others": len(others) if is_informed else None,
        "expected_mean": expected.mean if expected else None,
        "expected_sd": expected.next_sd if expected else None,
    }
