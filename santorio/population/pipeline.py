"""What people who consent have in common, told to each of them: the mean, the spread between people, their own place.

Everyone's answers to one question are pooled by the hierarchy of `santorio.stats.meta_analysis`, S being what one
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
from santorio.privacy.consent import FEWEST_PEOPLE
from santorio.stats.meta_analysis import Pooled, pool
from santorio.storage.database.engine import Database

TARGET = "all"
ONE_WIDTH = ((1.0, 1.0),)
NODES = 192
CODE = (*CODE_PATHS, "santorio/population", "santorio/privacy/consent.py")


def pool_estimates(parts: Sequence[Estimate], per_amount: float = 1.0) -> Pooled:
    """Pool the estimates of several people for one effect, at this amount of the exposure."""
    estimates, sds, standard = np.array([part.per(per_amount) for part in parts]).T
    return pool(estimates, sds, float(standard.mean()), widths=ONE_WIDTH, nodes=NODES)


def analyse_population(
    database: Database, person: Person, shared: SharedEstimates, *, force: bool = False
) -> RunReport:
    """Publish what people who consent have in common, as it is told to one of them.

    Parameters
    ----------
    shared : SharedEstimates
        Read once for everyone.

    Returns
    -------
    RunReport
        "not enough data" where nothing is, or was, told to this person. Who withdraws is told nothing from then on.
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
            f"Nothing is told that fewer than {FEWEST_PEOPLE} people who share have in common, nor to who does not.",
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
    return [part.as_of for _, parts in shared.questions() for part in parts.values()]


def rows_of(user_id: UUID, shared: SharedEstimates) -> list[dict[str, object]]:
    """Rows of `analysis.population` for one person; none for who does not share."""
    if user_id not in shared.people:
        return []
    told = (_row(user_id, question, parts) for question, parts in shared.questions())
    return [row for row in told if row is not None]


def _row(user_id: UUID, question: EffectKey, parts: Mapping[UUID, Estimate]) -> dict[str, object] | None:
    own = parts.get(user_id)
    # An association is told to who has it; a trial is also what somebody's next one starts from.
    if len(parts) < FEWEST_PEOPLE or (own is None and question.basis == "association"):
        return None
    per_amount = own.per_amount if own else 1.0
    people = sorted(parts)
    pooled = pool_estimates([parts[one] for one in people], per_amount)
    others = [parts[one] for one in people if one != user_id]
    known = question.basis == "trial" and len(others) >= FEWEST_PEOPLE
    expected = pool_estimates(others, per_amount) if known else None
    place = people.index(user_id) if own else None
    return {
        "basis": question.basis,
        "outcome": question.outcome,
        "factor": question.factor,
        "lag_days": question.lag_days,
        "arms": list(question.arms),
        "unit": question.unit,
        "factor_unit": question.factor_unit or None,
        "per_amount": own.per_amount if own and question.basis == "association" else None,
        "is_member": own is not None,
        "people": len(people),
        "mean": pooled.mean,
        "lower_95": pooled.quantile(0.025),
        "upper_95": pooled.quantile(0.975),
        "between_sd": pooled.between_mean,
        "between_lower_95": pooled.between_quantile(0.025),
        "between_upper_95": pooled.between_quantile(0.975),
        "shrunk_estimate": None if place is None else float(pooled.case_means[place]),
        "shrunk_sd": None if place is None else float(pooled.case_sds[place]),
        "others": len(others) if known else None,
        "expected_mean": expected.mean if expected else None,
        "expected_sd": expected.next_sd if expected else None,
    }
