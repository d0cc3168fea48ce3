"""The estimates that consenting people share: of each association and each finished trial, with standard deviation."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import psycopg

from santorio.metrics import OUTCOMES
from santorio.privacy.consent import people_who_share
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.interventions.intervention import MEASURE
from santorio.trials.protocol import Protocol, parse_protocol

Basis = Literal["trial", "association"]


@dataclass(frozen=True, slots=True)
class EffectKey:
    """One effect of one factor on one outcome: estimates with the same key are pooled.

    Attributes
    ----------
    basis : {"trial", "association"}
    outcome : str
        A metric whose unit is the same for all people.
    factor : str
        The intervention, or the exposure.
    lag_days : int
    unit, factor_unit : str
        Of the outcome and of the exposure; an intervention has none.
    arms : tuple[str, ...]
        Of a trial, the reference first.
    """

    basis: Basis
    outcome: str
    factor: str
    lag_days: int
    unit: str
    factor_unit: str = ""
    arms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """One person's own estimate, with a flat prior on the effect, in the outcome's unit.

    Attributes
    ----------
    per_amount : float
        Amount of the exposure that the estimate is for; 1 for a trial.
    standard_effect : float
        The effect of one standard deviation.
    as_of : datetime
        Instant at which the newest of its inputs became known.
    """

    estimate: float
    sd: float
    standard_effect: float
    per_amount: float
    as_of: dt.datetime

    def per(self, amount: float) -> tuple[float, float, float]:
        """Estimate, standard deviation and standard effect for another amount of the exposure."""
        times = amount / self.per_amount
        return self.estimate * times, self.sd * times, self.standard_effect * times


@dataclass(frozen=True)
class SharedEstimates:
    """The people who share, and their estimates by effect and person."""

    people: frozenset[UUID] = frozenset()
    estimates: Mapping[EffectKey, Mapping[UUID, Estimate]] | None = None

    def by_effect(self) -> Iterable[tuple[EffectKey, Mapping[UUID, Estimate]]]:
        """Estimates by effect, in a fixed order."""
        return sorted((self.estimates or {}).items(), key=lambda item: repr(item[0]))


def read_shared_estimates(connection: psycopg.Connection) -> SharedEstimates:
    """Read the estimates of all people who consent at this moment."""
    people = people_who_share(connection)
    estimates: dict[EffectKey, dict[UUID, Estimate]] = {}
    shared = [*_associations(connection, people), *_trials(connection, people)]
    for user_id, key, estimate in shared:
        estimates.setdefault(key, {})[user_id] = estimate
    return SharedEstimates(frozenset(people), estimates)


def has_common_scale(outcome: str) -> bool:
    """Whether a metric's unit is the same for all people; a mood or a free measure is on each person's own scale."""
    return outcome in OUTCOMES and OUTCOMES[outcome].smallest_effect is not None


def _associations(
    connection: psycopg.Connection, people: Sequence[UUID]
) -> Iterable[tuple[UUID, EffectKey, Estimate]]:
    rows = connection.execute(
        """
        with newest as (
          select distinct on (user_id, target) run_id, as_of from analysis.runs
          where user_id = any(%s) and kind = 'effects' and status = 'accepted'
          order by user_id, target, created_at desc
        )
        select user_id, outcome, exposure, lag_days, outcome_unit, exposure_unit,
               prior_free_estimate, prior_free_sd, standard_effect, per_amount, newest.as_of
        from analysis.effects join newest using (run_id)
        where prior_free_estimate is not null
        """,
        [list(people)],
    ).fetchall()
    associations = []
    for user_id, outcome, exposure, lag, unit, exposure_unit, *values in rows:
        # A free measure as an exposure is on each person's own scale, too.
        if has_common_scale(outcome) and not exposure.startswith(MEASURE):
            key = EffectKey("association", outcome, exposure, lag, unit, exposure_unit)
            associations.append((user_id, key, Estimate(*values)))
    return associations


def _trials(
    connection: psycopg.Connection, people: Sequence[UUID]
) -> Iterable[tuple[UUID, EffectKey, Estimate]]:
    """Results of the trials of built-in interventions; of several trials of one person the one analysed last."""
    protocols = _first_protocols(connection, people)
    rows = connection.execute(
        """
        with newest as (
          select distinct on (user_id, target) user_id, target, run_id, as_of, created_at from analysis.runs
          where user_id = any(%s) and kind = 'trial' and status = 'accepted' and diagnostics @> '{"ended": true}'
          order by user_id, target, created_at desc
        )
        select newest.user_id, target, unit, prior_free_estimate, prior_free_sd, standard_effect, 1::float8,
               newest.as_of
        from newest join analysis.trial_results using (run_id)
        where is_primary and prior_free_estimate is not null
        order by newest.created_at
        """,
        [list(people)],
    ).fetchall()
    built_in_arms = {intervention.name: intervention.arms for intervention in built_in_interventions()}
    trials = []
    for user_id, trial, unit, *values in rows:
        protocol = protocols.get((user_id, trial))
        if protocol is None or protocol.intervention is None:
            continue
        # A built-in intervention with changed arms is another one.
        is_built_in = built_in_arms.get(protocol.intervention) == protocol.arms
        if is_built_in and len(protocol.arms) == 2 and has_common_scale(protocol.outcome):
            key = EffectKey(
                "trial", protocol.outcome, protocol.intervention, protocol.lag_days, unit, arms=protocol.arms
            )
            trials.append((user_id, key, Estimate(*values)))
    return trials


def _first_protocols(
    connection: psycopg.Connection, people: Sequence[UUID]
) -> dict[tuple[UUID, str], Protocol]:
    """Each trial's protocol as it was first recorded, which decides how it is analysed."""
    rows = connection.execute(
        """
        select distinct on (user_id, data ->> 'trial') user_id, data ->> 'trial', data from raw.events
        where user_id = any(%s) and source = 'trial' and event_type = 'trial.protocol'
        order by user_id, data ->> 'trial', ingested_at
        """,
        [list(people)],
    ).fetchall()
    protocols = {}
    for user_id, trial, stored in rows:
        protocol = parse_protocol(stored)
        if protocol is not None:
            protocols[user_id, str(trial)] = protocol
    return protocols
