"""What trials of other people predict for this person: a prior for the next proposal."""

import psycopg

from santorio.people import Person
from santorio.privacy.consent import read_consent
from santorio.stats.assurance import EffectDistribution
from santorio.trials.proposals.plan import PriorEvidence


def load_population_priors(
    connection: psycopg.Connection, person: Person
) -> dict[tuple[str, str, int], PriorEvidence]:
    """Read what trials of others predict for this person, by intervention, outcome and lag; empty without consent.

    It is the predictive distribution of a new person, computed without this person's own trial and approximated by a
    normal distribution.
    """
    if not read_consent(connection, person.user_id).shares:
        return {}
    rows = connection.execute(
        """
        with newest as (
          select run_id from analysis.runs
          where user_id = %s and kind = 'population' and status = 'accepted' order by created_at desc limit 1
        )
        select factor, outcome, lag_days, expected_mean, expected_sd, others
        from analysis.population join newest using (run_id)
        where basis = 'trial' and others is not null
        """,
        [person.user_id],
    ).fetchall()
    priors = {}
    for intervention, outcome, lag, mean, sd, people in rows:
        effect = EffectDistribution(mean, sd)
        priors[intervention, outcome, lag] = PriorEvidence("population", effect, people)
    return priors
