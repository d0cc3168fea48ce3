"""Which trial to run next: for each intervention and outcome the shortest design that decides, ranked by value."""

import datetime as dt
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from santorio import local_time
from santorio.analyses.cache_key import cache_key
from santorio.analyses.run_store import Run, RunReport, last_cache_key, publish
from santorio.analyses.series import Series, describe_exclusions, read_exposures, read_outcomes
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD, Metric
from santorio.metrics import outcome as find_metric
from santorio.people import Person
from santorio.stats.assurance import Belief, Noise, assurances, information_gain, noise_of
from santorio.stats.effect_priors import INFORMATIVE_WEIGHT, WEAK, EffectPrior, robust_mixture_of
from santorio.stats.likelihood_choice import choose_likelihood
from santorio.storage.database.engine import Database
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.interventions.custom import CustomInterventions, load_custom_interventions
from santorio.trials.interventions.intervention import Intervention, NegativeControl
from santorio.trials.proposals.design_search import designs, shortest, variances
from santorio.trials.proposals.history import (
    PreviousTrial,
    can_repropose,
    load_previous_trials,
    next_number,
    previous_result,
)
from santorio.trials.proposals.plan import MIN_ASSURANCE, TARGET_ASSURANCE, DesignPlan, PriorEvidence
from santorio.trials.proposals.population_prior import load_population_priors
from santorio.trials.proposals.text import question, why
from santorio.trials.protocol import NORMAL, Model, NamedLikelihood, OutcomeLikelihood, Planning, Protocol

TARGET = "all"
FEWEST_DAYS = 30
NOISE_DAYS = 365
# An association is confounded in unknown ways: as a prior for a cause its spread counts this many times.
OBSERVATIONAL_INFLATION = 2.0
# Without any association: most habits move a metric by less than a quarter of its day-to-day spread.
VAGUE_SD = 0.25
# Where others' trials speak of it as well as the person's own days or trial, theirs counts less: it is not about them.
POPULATION_WEIGHT = 0.3


@dataclass(frozen=True)
class Association:
    """An effect published from observation, per `per_amount` of the exposure."""

    estimate: float
    sd: float
    per_amount: float


@dataclass(frozen=True)
class ProposalInputs:
    """What is known of a person that proposals rest on."""

    outcomes: Mapping[str, Series]
    exposures: Mapping[str, Series]
    associations: Mapping[tuple[str, str], Association]
    own: CustomInterventions
    past: Sequence[PreviousTrial]
    expected: Mapping[tuple[str, str, int], PriorEvidence] = field(default_factory=dict)

    def cache_key(self, today: dt.date) -> str:
        """Fingerprint of all of it; the date counts only where it makes something old enough to be asked again."""
        series = [*sorted(self.outcomes.items()), *sorted(self.exposures.items())]
        return cache_key(
            [(name, one.day.tolist(), one.value.tolist()) for name, one in series],
            sorted((*pair, found.estimate, found.sd) for pair, found in self.associations.items()),
            [
                intervention.model_dump_json()
                for intervention in (*built_in_interventions(), *self.own.interventions)
            ],
            self.own.limits.model_dump_json(),
            sorted((repr(one), one.is_old(today)) for one in self.past),
            sorted((*asked, repr(ground)) for asked, ground in self.expected.items()),
        )


def propose(
    database: Database, person: Person, *, force: bool = False, today: dt.date | None = None
) -> RunReport:
    """Propose experiments and publish them, ranked.

    Parameters
    ----------
    today : date, optional
        The person's date; decides what is long ago. By default what it is where they are.

    Returns
    -------
    RunReport
        "not enough data" where nothing is, or was, worth proposing. What was proposed before does not outlive its
        reason: an empty list takes its place.
    """
    with database.connect() as connection:
        day = today or local_time.today(connection, person, dt.datetime.now(dt.UTC))
        known = load_proposal_inputs(connection, person, day)
        last = last_cache_key(connection, person.user_id, "proposals", TARGET)
    key = known.cache_key(day)
    if not force and last == key:
        return RunReport("proposals", TARGET, "unchanged")
    plans = rank(find_plans(known, day))
    if not plans and last is None:
        return RunReport(
            "proposals",
            TARGET,
            "not enough data",
            f"No untried intervention has good odds of an answer, or {FEWEST_DAYS} days of an outcome.",
        )
    outcomes = known.outcomes
    run = Run(
        user_id=person.user_id,
        kind="proposals",
        target=TARGET,
        fingerprint=key,
        as_of=max((series.as_of for series in outcomes.values()), default=dt.datetime.now(dt.UTC)),
        known_at=next((series.known_at for series in outcomes.values()), None),
        rows=[row(plan, position) for position, plan in enumerate(plans, start=1)],
        further_rows={"proposed_protocols": [_protocol_row(plan) for plan in plans]},
        diagnostics={
            "interventions": len(built_in_interventions()),
            "custom_interventions": len(known.own.interventions),
            "custom_interventions_rejected": list(known.own.refused),
            "limits": known.own.limits.model_dump(mode="json"),
            "answered": len(known.past),
            "proposed": len(plans),
            "left_out": describe_exclusions({**outcomes, **known.exposures}),
        },
    )
    return publish(database, run, force=force)


def load_proposal_inputs(connection: psycopg.Connection, person: Person, today: dt.date) -> ProposalInputs:
    """Read all that proposals rest on."""
    return ProposalInputs(
        outcomes=read_outcomes(connection, person.user_id),
        exposures=read_exposures(connection, person.user_id),
        associations=load_associations(connection, person),
        own=load_custom_interventions(connection, person),
        past=load_previous_trials(connection, person, today),
        expected=load_population_priors(connection, person),
    )


def load_associations(connection: psycopg.Connection, person: Person) -> dict[tuple[str, str], Association]:
    """Read the newest accepted associations by (outcome, exposure)."""
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


def find_plans(known: ProposalInputs, today: dt.date) -> list[DesignPlan]:
    """Find the shortest worthwhile design for every intervention and outcome, within the person's limits."""
    noises = {name: _noise(series) for name, series in known.outcomes.items() if _usable(series)}
    # Their own intervention stands in the place of a built-in intervention that has its name.
    interventions = {
        intervention.name: intervention
        for intervention in (*built_in_interventions(), *known.own.interventions)
    }
    return [
        plan
        for intervention in interventions.values()
        for plan in _plans_of(intervention, known, noises, today)
        if plan.assurance >= MIN_ASSURANCE
    ]


def _plans_of(
    intervention: Intervention,
    known: ProposalInputs,
    noises: Mapping[str, tuple[Noise, float]],
    today: dt.date,
) -> list[DesignPlan]:
    limits = known.own.limits
    habit = known.exposures.get(intervention.habit.exposure) if intervention.habit else None
    if intervention.habit and (habit is None or not (habit.value > 0).any()):
        return []
    if intervention.burden * limits.days_a_week > limits.weekly_burden:
        return []
    allowed = designs(intervention, limits)
    plans = []
    for one in intervention.outcomes if allowed else ():
        if one.series not in noises:
            continue
        noise, spread = noises[one.series]
        offered, again = can_repropose(known.past, intervention, one.series, noise.sigma, today)
        if not offered:
            continue
        registered = one.registered(known.outcomes[one.series].unit)
        smallest = registered.smallest_effect or DEFAULT_SMALLEST_EFFECT_SD * spread
        basis = _prior_evidence(intervention, known, one.series, registered.lag_days, spread)
        prior = _together(basis, spread)
        estimated = variances(allowed, noise)
        place, by_days = shortest(allowed, assurances(prior, noise, estimated, smallest), TARGET_ASSURANCE)
        plans.append(
            DesignPlan(
                intervention,
                registered,
                one.metric,
                noise,
                prior,
                smallest,
                allowed[place],
                float(estimated[place]),
                by_days,
                basis=basis,
                again=again,
                likelihood=_likelihood(known, registered, allowed[place].study_days),
                control_likelihood=_control_likelihood(known, intervention, allowed[place].study_days),
            )
        )
    return [replace(plan, number=next_number(known.past, plan.slug)) for plan in plans]


def _likelihood(known: ProposalInputs, metric: Metric, study_days: int) -> OutcomeLikelihood:
    """Likelihood that the trial will have, from the metric's scale and the last year of days."""
    history = known.outcomes[metric.name].value[-NOISE_DAYS:]
    choice = choose_likelihood(metric.scale, metric.bounds, [history], study_days)
    return OutcomeLikelihood.chosen(choice, metric.bounds)


def _control_likelihood(
    known: ProposalInputs, intervention: Intervention, study_days: int
) -> OutcomeLikelihood:
    control = intervention.negative_control
    if control is None or control.series not in known.outcomes:
        return NORMAL
    return _likelihood(known, find_metric(control.series), study_days)


def _usable(series: Series) -> bool:
    return len(series.day) >= FEWEST_DAYS and bool(series.value.std() > 0)


def _noise(series: Series) -> tuple[Noise, float]:
    day, value = series.day[-NOISE_DAYS:], series.value[-NOISE_DAYS:]
    spread = float(value.std(ddof=1))
    return noise_of(day, (value - value.mean()) / spread, spread), spread


def _prior_evidence(
    intervention: Intervention, known: ProposalInputs, metric: str, lag_days: int, spread: float
) -> tuple[PriorEvidence, ...]:
    """What speaks of changing it: the person's own trial or days, and trials of others.

    Theirs count only for built-in interventions: what a person wrote may be something else under the same name.
    """
    own = _personal_evidence(intervention, known, metric, spread)
    others = None if intervention.own else known.expected.get((intervention.name, metric, lag_days))
    return tuple(ground for ground in (own, others) if ground)


def _personal_evidence(
    intervention: Intervention, known: ProposalInputs, metric: str, spread: float
) -> PriorEvidence | None:
    """What the person's own days or trial let believe.

    A trial of the same arms goes before an association: it was randomised, and its own prior held what was observed.
    Times change, so that it is believed a little less than it said.
    """
    if tried := previous_result(known.past, intervention, metric):
        assert tried.found is not None  # noqa: S101 - that is how it was chosen
        sd = float(np.hypot(tried.found.sd, VAGUE_SD * spread / 2))
        return PriorEvidence("trial", Belief(tried.found.mean, sd))
    habit = known.exposures.get(intervention.habit.exposure) if intervention.habit else None
    found = known.associations.get((metric, intervention.habit.exposure)) if intervention.habit else None
    if found is None or habit is None or intervention.habit is None:
        return None
    # Taking a habit away undoes the association, times the amount that is taken away.
    taken = intervention.habit.share * float(habit.value.mean()) / found.per_amount
    sd = float(np.hypot(OBSERVATIONAL_INFLATION * taken * found.sd, VAGUE_SD * spread / 2))
    return PriorEvidence("association", Belief(-found.estimate * taken, sd))


def _weights(basis: Sequence[PriorEvidence]) -> list[float]:
    """Weight of each ground in the mixture that judges; they leave the same to the weak prior, however many."""
    if len(basis) == 1:
        return [INFORMATIVE_WEIGHT]
    of_others = {"population": POPULATION_WEIGHT}
    return [of_others.get(one.basis, INFORMATIVE_WEIGHT - POPULATION_WEIGHT) for one in basis]


def _together(basis: Sequence[PriorEvidence], spread: float) -> Belief:
    """Everything that speaks of it as one belief: mean and spread of the mixture without its weak part."""
    if not basis:
        return Belief(0.0, VAGUE_SD * spread)
    share = np.array(_weights(basis)) / INFORMATIVE_WEIGHT
    means, sds = np.array([(one.belief.mean, one.belief.sd) for one in basis]).T
    mean = float(share @ means)
    return Belief(mean, float(np.sqrt(share @ (sds**2 + (means - mean) ** 2))))


def rank(plans: Sequence[DesignPlan]) -> list[DesignPlan]:
    """Order by value per day of burden, each intervention once with its best outcome."""
    best: dict[str, DesignPlan] = {}
    for plan in sorted(plans, key=lambda plan: (-plan.value_per_day, plan.intervention.name)):
        best.setdefault(plan.intervention.name, plan)
    return list(best.values())


def row(plan: DesignPlan, position: int) -> dict[str, object]:
    """Row of `analysis.proposals`."""
    drawn = protocol(plan)
    return {
        "rank": position,
        "slug": plan.slug,
        "question": drawn.question,
        "intervention": plan.intervention.name,
        "outcome": plan.outcome.name,
        "arms": Jsonb(list(plan.intervention.arms)),
        "schedule": Jsonb([{"day": t, "arm": arm} for t, arm in enumerate(drawn.drawn, start=1)]),
        "seed": drawn.seed,
        "days_needed": plan.days,
        "assurance": plan.assurance,
        "expected_information_gain": information_gain(plan.prior, plan.variance),
        "value_per_day": plan.value_per_day,
        "why": why(plan),
    }


def _protocol_row(plan: DesignPlan) -> dict[str, object]:
    """Row of `analysis.proposed_protocols`."""
    proposed = protocol(plan)
    return {"trial": proposed.trial, "protocol": Jsonb(proposed.document())}


def protocol(plan: DesignPlan) -> Protocol:
    """The protocol of a proposal, without a first day.

    The seed follows from the name: proposed again on the same data, the schedule is the same.
    """
    name, design = plan.slug, plan.design
    seed = zlib.crc32(name.encode())
    return Protocol(
        trial=name.replace("-", "_"),
        question=question(plan),
        intervention=plan.intervention.name,
        arms=plan.intervention.arms,
        outcome=plan.metric,
        negative_control=_negative_control(plan),
        direction=plan.outcome.direction,
        smallest_effect=plan.smallest_effect,
        lag_days=plan.outcome.lag_days,
        not_on=design.not_on,
        randomization=design.randomization,
        period_days=design.period_days if design.kind == "periods" else None,
        washout_days=design.washout_days,
        cycles=design.cycles,
        seed=seed,
        assignment=tuple(plan.intervention.arms[k] for k in design.draw(seed).tolist()),
        model=Model.of(
            plan.intervention.carry_over(),
            _effect_prior(plan),
            [*(ground.basis for ground in plan.basis), "weak"] if _speaks(plan) else (),
            plan.likelihood,
            _other_likelihoods(plan),
        ),
        adherence=plan.intervention.adherence,
        planning=Planning(sigma=plan.noise.sigma, rho=plan.noise.rho, assurance=plan.assurance),
    )


def _negative_control(plan: DesignPlan) -> NegativeControl | None:
    """What the intervention cannot move, with its lag frozen: a later version of it does not change the protocol."""
    control = plan.intervention.negative_control
    return NegativeControl(metric=control.metric, lag_days=control.lag) if control else None


def _other_likelihoods(plan: DesignPlan) -> list[NamedLikelihood]:
    """Likelihood of the negative control, where it is not the normal one."""
    control, stated = plan.intervention.negative_control, plan.control_likelihood
    if control is None or stated.family is None:
        return []
    return [NamedLikelihood(metric=control.metric, likelihood=stated.likelihood, bounds=stated.bounds)]


def _effect_prior(plan: DesignPlan) -> EffectPrior:
    """What is believed beside the weak prior, which takes over where the trial disagrees; else the weak prior alone.

    All arms of a trial share one prior, so that with several arms nothing observed speaks for one of them.
    """
    if not _speaks(plan):
        return WEAK
    sigma = plan.noise.sigma
    return robust_mixture_of(
        [
            (weight, ground.belief.mean / sigma, ground.belief.sd / sigma)
            for weight, ground in zip(_weights(plan.basis), plan.basis, strict=True)
        ]
    )


def _speaks(plan: DesignPlan) -> bool:
    return bool(plan.basis) and len(plan.intervention.arms) == 2
