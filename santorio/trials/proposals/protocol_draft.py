"""From a plan to the protocol that is proposed: complete but for its first day."""

import zlib

from santorio.trials.interventions.intervention import NegativeControl
from santorio.trials.proposals.plan import DesignPlan
from santorio.trials.proposals.prior_evidence import effect_prior, has_informative_prior
from santorio.trials.proposals.text import question
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_design import Planning
from santorio.trials.protocol_model import Model, NamedLikelihood


def draft_protocol(plan: DesignPlan) -> Protocol:
    """Draft the protocol of a plan.

    The seed follows from the name: proposed again on the same data, the schedule is the same.
    """
    intervention, design = plan.intervention, plan.design
    seed = zlib.crc32(plan.slug.encode())
    period_days = design.period_days if design.kind == "periods" else None
    rests_on = []
    if has_informative_prior(plan):
        rests_on = [*(evidence.basis for evidence in plan.basis), "weak"]
    model = Model.from_priors(
        intervention.carry_over(), effect_prior(plan), rests_on, plan.likelihood, _other_likelihoods(plan)
    )
    return Protocol(
        trial=plan.slug.replace("-", "_"),
        question=question(plan),
        intervention=intervention.name,
        arms=intervention.arms,
        outcome=plan.metric,
        negative_control=_negative_control(plan),
        direction=plan.outcome.direction,
        smallest_effect=plan.smallest_effect,
        lag_days=plan.outcome.lag_days,
        not_on=design.not_on,
        randomization=design.randomization,
        period_days=period_days,
        washout_days=design.washout_days,
        cycles=design.cycles,
        seed=seed,
        assignment=tuple(intervention.arms[arm] for arm in design.draw(seed).tolist()),
        model=model,
        adherence=intervention.adherence,
        planning=Planning(sigma=plan.noise.sigma, rho=plan.noise.rho, assurance=plan.assurance),
    )


def _negative_control(plan: DesignPlan) -> NegativeControl | None:
    """The negative control with its lag: a later version of the intervention does not change the protocol."""
    control = plan.intervention.negative_control
    if control is None:
        return None
    return NegativeControl(metric=control.metric, lag_days=control.lag)


def _other_likelihoods(plan: DesignPlan) -> list[NamedLikelihood]:
    """Likelihood of the negative control, where it is not the normal one."""
    # Without an entry an outcome has the normal likelihood, and the canonical text does not mention it.
    control, chosen = plan.intervention.negative_control, plan.control_likelihood
    if control is None or chosen.family is None:
        return []
    return [NamedLikelihood(metric=control.metric, likelihood=chosen.likelihood, bounds=chosen.bounds)]
