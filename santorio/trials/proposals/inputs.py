"""Inputs of the proposals: a person's days, associations, interventions and trials, and trials of others."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

from santorio.analyses.cache_key import cache_key
from santorio.analyses.series import Series, read_exposures, read_outcomes
from santorio.people import Person
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.interventions.custom import CustomInterventions, load_custom_interventions
from santorio.trials.proposals.history import PreviousTrial, load_previous_trials
from santorio.trials.proposals.plan import PriorEvidence
from santorio.trials.proposals.population_prior import load_population_priors


@dataclass(frozen=True)
class Association:
    """A published association, per `per_amount` of the exposure."""

    estimate: float
    sd: float
    per_amount: float


@dataclass(frozen=True)
class ProposalInputs:
    """All inputs of one person.

    Attributes
    ----------
    outcomes, exposures : Mapping[str, Series]
        Days by name.
    associations : Mapping[tuple[str, str], Association]
        By outcome and exposure.
    own : CustomInterventions
        What the person wrote: interventions and limits.
    past : Sequence[PreviousTrial]
        What the person tried or declined.
    expected : Mapping[tuple[str, str, int], PriorEvidence]
        What trials of others predict, by intervention, outcome and lag.
    """

    outcomes: Mapping[str, Series]
    exposures: Mapping[str, Series]
    associations: Mapping[tuple[str, str], Association]
    own: CustomInterventions
    past: Sequence[PreviousTrial]
    expected: Mapping[tuple[str, str, int], PriorEvidence] = field(default_factory=dict)

    def cache_key(self, today: dt.date) -> str:
        """Hash of all inputs; the date counts only where it makes a trial old enough to be proposed again."""
        days = []
        for name, series in [*sorted(self.outcomes.items()), *sorted(self.exposures.items())]:
            days.append((name, series.day.tolist(), series.value.tolist()))
        associations = [
            (*pair, association.estimate, association.sd) for pair, association in self.associations.items()
        ]
        interventions = (*built_in_interventions(), *self.own.interventions)
        past = [(repr(trial), trial.is_old(today)) for trial in self.past]
        expected = [(*key, repr(evidence)) for key, evidence in self.expected.items()]
        # Sorted, since the order in which rows are read does not change the proposals.
        return cache_key(
            days,
            sorted(associations),
            [intervention.model_dump_json() for intervention in interventions],
            self.own.limits.model_dump_json(),
            sorted(past),
            sorted(expected),
        )


def load_proposal_inputs(connection: psycopg.Connection, person: Person, today: dt.date) -> ProposalInputs:
    """Load all inputs of a person."""
    return ProposalInputs(
        outcomes=read_outcomes(connection, person.user_id),
        exposures=read_exposures(connection, person.user_id),
        associations=load_associations(connection, person),
        own=load_custom_interventions(connection, person),
        past=load_previous_trials(connection, person, today),
        expected=load_population_priors(connection, person),
    )


def load_associations(connection: psycopg.Connection, person: Person) -> dict[tuple[str, str], Association]:
    """Load the newest accepted associations, by outcome and exposure."""
    rows = connection.execute(
        """
        with newest as (
          select distinct on (target) run_id from analysis.runs
          where user_id = %s and kind = 'effects' and status = 'accepted' order by target, created_at desc
        )
        select outcome, exposure, estimate, sd, per_amount from analysis.effects join newest using (run_id)
        """,
        [person.user_id],
    ).fetchall()
    return {(outcome, exposure): Association(*values) for outcome, exposure, *values in rows}
