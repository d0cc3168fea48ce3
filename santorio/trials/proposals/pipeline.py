"""Which trial to run next: for each intervention and outcome the shortest design that decides, ranked by value."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from psycopg.types.json import Jsonb

from santorio import local_time
from santorio.analyses.run_store import Run, RunReport, last_cache_key, publish
from santorio.analyses.series import Series, describe_exclusions
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD, Metric
from santorio.metrics import outcome as find_metric
from santorio.people import Person
from santorio.stats.assurance import Noise, assurances, information_gain, noise_of
from santorio.stats.likelihood_choice import choose_likelihood
from santorio.storage.database.engine import Database
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.interventions.intervention import Intervention, Outcome
from santorio.trials.proposals.design_search import Design, designs, shortest, variances
from santorio.trials.proposals.history import can_repropose, next_number
from santorio.trials.proposals.inputs import ProposalInputs, load_proposal_inputs
from santorio.trials.proposals.plan import MIN_ASSURANCE, TARGET_ASSURANCE, DesignPlan
from santorio.trials.proposals.prior_evidence import combined_evidence, prior_evidence
from santorio.trials.proposals.protocol_draft import draft_protocol
from santorio.trials.proposals.text import why
from santorio.trials.protocol_model import NORMAL, OutcomeLikelihood

# All proposals of a person are one run.
TARGET = "all"
MIN_OUTCOME_DAYS = 30
# The noise is that of the last year: devices and lives change.
NOISE_DAYS = 365


def propose(
    database: Database, person: Person, *, force: bool = False, today: dt.date | None = None
) -> RunReport:
    """Compute the proposals of a person and publish them, ranked.

    Parameters
    ----------
    today : date, optional
        By default the person's local date. It decides which earlier trials are old enough to be proposed again.

    Returns
    -------
    RunReport
        "not enough data" where nothing is, or was, worth proposing. Where only earlier runs proposed something, an
        empty list replaces their proposals.
    """
    with database.connect() as connection:
        day = today or local_time.today(connection, person, dt.datetime.now(dt.UTC))
        inputs = load_proposal_inputs(connection, person, day)
        last = last_cache_key(connection, person.user_id, "proposals", TARGET)
    key = inputs.cache_key(day)
    if not force and last == key:
        return RunReport("proposals", TARGET, "unchanged")
    plans = rank(find_plans(inputs, day))
    if not plans and last is None:
        return RunReport(
            "proposals",
            TARGET,
            "not enough data",
            f"No untried intervention has {MIN_OUTCOME_DAYS} days of an outcome and good odds of an answer.",
        )
    return publish(database, _run(person, inputs, plans, key), force=force)


def _run(person: Person, inputs: ProposalInputs, plans: Sequence[DesignPlan], key: str) -> Run:
    """The run to publish: a row and a protocol for each plan, the first ranks highest."""
    outcomes = inputs.outcomes.values()
    diagnostics: dict[str, object] = {
        "interventions": len(built_in_interventions()),
        "custom_interventions": len(inputs.own.interventions),
        "custom_interventions_rejected": list(inputs.own.refused),
        "limits": inputs.own.limits.model_dump(mode="json"),
        "answered": len(inputs.past),
        "proposed": len(plans),
        "left_out": describe_exclusions({**inputs.outcomes, **inputs.exposures}),
    }
    return Run(
        user_id=person.user_id,
        kind="proposals",
        target=TARGET,
        fingerprint=key,
        as_of=max((series.as_of for series in outcomes), default=dt.datetime.now(dt.UTC)),
        known_at=next((series.known_at for series in outcomes), None),
        rows=[_proposal_row(plan, position) for position, plan in enumerate(plans, start=1)],
        further_rows={"proposed_protocols": [_protocol_row(plan) for plan in plans]},
        diagnostics=diagnostics,
    )


def find_plans(inputs: ProposalInputs, today: dt.date) -> list[DesignPlan]:
    """Find the shortest worthwhile design for every intervention and outcome, within the person's limits."""
    noises = {name: _noise(series) for name, series in inputs.outcomes.items() if _is_usable(series)}
    interventions: dict[str, Intervention] = {}
    # A person's own intervention replaces a built-in one of the same name.
    for intervention in (*built_in_interventions(), *inputs.own.interventions):
        interventions[intervention.name] = intervention
    plans = []
    for intervention in interventions.values():
        plans += _plans_of(intervention, inputs, noises, today)
    return [plan for plan in plans if plan.assurance >= MIN_ASSURANCE]


def _plans_of(
    intervention: Intervention,
    inputs: ProposalInputs,
    noises: Mapping[str, tuple[Noise, float]],
    today: dt.date,
) -> list[DesignPlan]:
    allowed = designs(intervention, inputs.own.limits)
    if not allowed or not _is_suitable(intervention, inputs):
        return []
    plans = []
    for outcome in intervention.outcomes:
        if outcome.series not in noises:
            continue
        noise, outcome_sd = noises[outcome.series]
        plan = _plan_of(intervention, outcome, inputs, allowed, noise, outcome_sd, today)
        if plan is not None:
            plans.append(plan)
    return plans


def _is_suitable(intervention: Intervention, inputs: ProposalInputs) -> bool:
    """Whether a person has the habit that it reduces, and takes on its burden."""
    limits = inputs.own.limits
    if intervention.burden * limits.days_a_week > limits.weekly_burden:
        return False
    if intervention.habit is None:
        return True
    habit = inputs.exposures.get(intervention.habit.exposure)
    return habit is not None and bool((habit.value > 0).any())


def _plan_of(
    intervention: Intervention,
    outcome: Outcome,
    inputs: ProposalInputs,
    allowed: Sequence[Design],
    noise: Noise,
    outcome_sd: float,
    today: dt.date,
) -> DesignPlan | None:
    """The best design for an outcome; None where the person tried or declined it recently."""
    can_be_proposed, again = can_repropose(inputs.past, intervention, outcome.series, noise.sigma, today)
    if not can_be_proposed:
        return None
    metric = outcome.registered(inputs.outcomes[outcome.series].unit)
    smallest_effect = metric.smallest_effect or DEFAULT_SMALLEST_EFFECT_SD * outcome_sd
    basis = prior_evidence(intervention, inputs, outcome.series, metric.lag_days, outcome_sd)
    prior = combined_evidence(basis, outcome_sd)
    variance = variances(allowed, noise)
    assurance = assurances(prior, noise, variance, smallest_effect)
    index, assurance_by_days = shortest(allowed, assurance, TARGET_ASSURANCE)
    design = allowed[index]
    plan = DesignPlan(
        intervention=intervention,
        outcome=metric,
        metric=outcome.metric,
        noise=noise,
        prior=prior,
        smallest_effect=smallest_effect,
        design=design,
        variance=float(variance[index]),
        assurance_by_days=assurance_by_days,
        basis=basis,
        again=again,
        likelihood=_likelihood(inputs, metric, design.study_days),
        control_likelihood=_control_likelihood(inputs, intervention, design.study_days),
    )
    return replace(plan, number=next_number(inputs.past, plan.slug))


def _likelihood(inputs: ProposalInputs, metric: Metric, study_days: int) -> OutcomeLikelihood:
    """Likelihood that the trial will have, from the metric's scale and the last year of days."""
    history = inputs.outcomes[metric.name].value[-NOISE_DAYS:]
    choice = choose_likelihood(metric.scale, metric.bounds, [history], study_days)
    return OutcomeLikelihood.from_choice(choice, metric.bounds)


def _control_likelihood(
    inputs: ProposalInputs, intervention: Intervention, study_days: int
) -> OutcomeLikelihood:
    control = intervention.negative_control
    if control is None or control.series not in inputs.outcomes:
        return NORMAL
    return _likelihood(inputs, find_metric(control.series), study_days)


def _is_usable(series: Series) -> bool:
    return len(series.day) >= MIN_OUTCOME_DAYS and bool(series.value.std() > 0)


def _noise(series: Series) -> tuple[Noise, float]:
    """Day-to-day noise of an outcome in the last year, and its standard deviation in that time."""
    day, value = series.day[-NOISE_DAYS:], series.value[-NOISE_DAYS:]
    sd = float(value.std(ddof=1))
    standardised = (value - value.mean()) / sd
    return noise_of(day, standardised, sd), sd


def rank(plans: Sequence[DesignPlan]) -> list[DesignPlan]:
    """Order by value per day of burden, each intervention once with its best outcome."""
    best: dict[str, DesignPlan] = {}
    for plan in sorted(plans, key=lambda plan: (-plan.value_per_day, plan.intervention.name)):
        best.setdefault(plan.intervention.name, plan)
    return list(best.values())


def _proposal_row(plan: DesignPlan, position: int) -> dict[str, object]:
    """Row of `analysis.proposals`."""
    protocol = draft_protocol(plan)
    schedule = [{"day": day, "arm": arm} for day, arm in enumerate(protocol.drawn, start=1)]
    return {
        "rank": position,
        "slug": plan.slug,
        "question": protocol.question,
        "intervention": plan.intervention.name,
        "outcome": plan.outcome.name,
        "arms": Jsonb(list(plan.intervention.arms)),
        "schedule": Jsonb(schedule),
        "seed": protocol.seed,
        "days_needed": plan.days,
        "assurance": plan.assurance,
        "expected_information_gain": information_gain(plan.prior, plan.variance),
        "value_per_day": plan.value_per_day,
        "why": why(plan),
    }


def _protocol_row(plan: DesignPlan) -> dict[str, object]:
    """Row of `analysis.proposed_protocols`."""
    protocol = draft_protocol(plan)
    return {"trial": protocol.trial, "protocol": Jsonb(protocol.document())}
